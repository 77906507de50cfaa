"""Requests that nobody should send: to every route, wrong in every part, and sometimes good.

A request names what exists by placeholders (`@job`), so that the same one can be sent to any API.
What it may make by accident is rare to run: its slots are days apart, its tasks begin in a year.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
IDS = ("@job", "@foreign", "@task", "@run")
TOKEN, FOREIGN_TOKEN, LATER = "@token", "@stranger", "@later"
_NOWHERE = "01M81J18G00000000000000000"
_LIMIT_BYTES = 320 * 1024
_MUCH = 100_000
_SHOWN = 300


class Request(NamedTuple):
    """A request, as it is drawn: with placeholders in any part but the method."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def filled(self, known: Mapping[str, str]) -> "Request":
        """Return it with what the placeholders stand for."""
        target, headers, body = self.target, list(self.headers), self.body
        for name, value in known.items():
            target = target.replace(name, value)
            headers = [(header, text.replace(name, value)) for header, text in headers]
            body = body.replace(name.encode(), value.encode())
        return self._replace(target=target, headers=headers, body=body)

    def __repr__(self) -> str:
        """Return it as it can be repeated from a report; what is long is cut."""
        headers = {name: value[:_SHOWN] for name, value in self.headers}
        body = f"{self.body[:_SHOWN]!r} ({len(self.body)} bytes)"
        return f"{self.method} {self.target[:_SHOWN]} {headers} {body}"


class Route(NamedTuple):
    """What the OpenAPI document says of a route."""

    method: str
    template: str
    queries: Sequence[str]


def routes(document: Mapping[str, Any]) -> list[Route]:
    """Return the routes of an OpenAPI document."""
    return [
        Route(method.upper(), template, _queries(described))
        for template, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def _queries(described: Mapping[str, Any]) -> list[str]:
    parameters = described.get("parameters", [])
    return [each["name"] for each in parameters if each.get("in") == "query"]


def requests(document: Mapping[str, Any]) -> st.SearchStrategy[Request]:
    """Return requests to the routes of an OpenAPI document, and to none."""
    return st.sampled_from(routes(document)).flatmap(_to) | _to_nowhere()


def _to(route: Route) -> st.SearchStrategy[Request]:
    own = st.just(route.method)
    return st.builds(
        Request,
        own | own | own | st.sampled_from(METHODS),
        _target(route),
        _HEADERS,
        _BODIES,
    )


def _to_nowhere() -> st.SearchStrategy[Request]:
    paths = st.lists(_SEGMENTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
    return st.builds(Request, st.sampled_from(METHODS), paths, _HEADERS, _BODIES)


def _target(route: Route) -> st.SearchStrategy[str]:
    parts = [
        _SEGMENTS if part.startswith("{") else st.just(part) for part in route.template.split("/")
    ]
    path = st.tuples(*parts).map("/".join)
    names = st.sampled_from([*route.queries, "limit", "cursor", "x"]) | _ENCODED
    pairs = st.lists(st.tuples(names, _QUERY_VALUES).map("=".join), max_size=3)
    query = pairs.map(lambda given: "?" + "&".join(given) if given else "")
    return st.builds("{}{}".format, path, query)


_ENCODED = st.text(max_size=24).map(lambda it: quote(it, safe="", errors="surrogatepass"))
_SEGMENTS = (
    st.sampled_from(IDS)
    | st.sampled_from(IDS)
    | st.sampled_from(
        [
            _NOWHERE,
            _NOWHERE.lower(),
            f"{_NOWHERE}-001800000000",
            "a%2Fb",
            "..%2f..",
            ".",
            "..",
            "%00",
            "%ff%fe",
            "%25",
            "%20",
            "%F0%9F%92%A9",
            "a" * 2000,
            "null",
            "@job%2Ffirings",
            "main%23@job",
            "*",
            "-1",
            "v1",
            "jobs",
        ]
    )
    | _ENCODED
)
_QUERY_VALUES = (
    st.sampled_from(
        [
            "0",
            "1",
            "200",
            "201",
            "-1",
            "1e9",
            "NaN",
            "",
            "9" * 400,
            "%D9%A3",
            "@job",
            "@foreign",
            "@run",
            "queued",
            "running",
            "high",
            "run",
            "firing",
            "W10=",
            "eyJhIjoxfQ",
            "bnVsbA",
            "A" * 5000,
            "%00",
            "%ff",
            "a;b",
            "[]",
        ]
    )
    | _ENCODED
)

_TOKENS = st.sampled_from(
    [
        f"Bearer {FOREIGN_TOKEN}",
        f"bearer {TOKEN}",
        f"Bearer  {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN} {TOKEN}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer",
        "",
        "Bearer \xe4\xf6",
        f"Bearer palyra_main_{'A' * 43}",
        f"Bearer palyra_{'o' * 33}_{'A' * 43}",
        f"Bearer palyra_system_{'A' * 43}",
        "Bearer " + "A" * 8000,
        "AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/dynamodb/aws4_request",
    ]
)
_TYPES = st.sampled_from(
    [
        "application/json; charset=utf-8",
        "application/json;charset=latin-1",
        "APPLICATION/JSON",
        "application/jsonx",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "image/png",
        "application/octet-stream",
        "",
        "/",
        "\xff",
    ]
)
_MATCHES = st.sampled_from(
    [
        "*",
        '"1"',
        '"1.abc"',
        '"0.abc", "1.def"',
        'W/"1.abc"',
        '"99999999999999999999999.x"',
        '"-1.x"',
        '"."',
        '""',
        '"',
        "1",
        "",
        "\xe4",
        '"a","b",,',
        "x" * 5000,
    ]
)
_KEYS = st.sampled_from(["", " ", "a", "a b", "k" * 255, "k" * 256, "\xe4", "\x7f", "1,2", "null"])
_OTHER_HEADERS = st.tuples(
    st.sampled_from(
        [
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Cookie",
            "Forwarded",
            "Origin",
            "Range",
            "X-Amz-Target",
            "X-Amzn-Trace-Id",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-HTTP-Method-Override",
            "X-Original-URL",
        ]
    ),
    st.sampled_from(
        [
            "image/png",
            "application/xml",
            "text/html",
            "gzip",
            "",
            "DELETE",
            "DynamoDB_20120810.ListTables",
            "/v1/jobs",
            "bytes=0-1",
            "null",
            "\xff\xfe",
            "a" * 4000,
        ]
    ),
)
_GOOD = [("Authorization", f"Bearer {TOKEN}"), ("Content-Type", "application/json")]
_ODD = st.lists(
    st.tuples(st.just("If-Match"), _MATCHES)
    | st.tuples(st.just("If-None-Match"), _MATCHES)
    | st.tuples(st.just("Idempotency-Key"), _KEYS)
    | _OTHER_HEADERS,
    max_size=2,
    unique_by=lambda header: header[0],
)


def _with_good(odd: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [*_GOOD, *odd]


_HEADERS: st.SearchStrategy[list[tuple[str, str]]] = (
    _ODD.map(_with_good)
    | _ODD.map(_with_good)
    | st.tuples(_TOKENS, _TYPES, _ODD).map(
        lambda it: [("Authorization", it[0]), ("Content-Type", it[1]), *it[2]]
    )
    | _TYPES.map(lambda it: [_GOOD[0], ("Content-Type", it)])
    | _ODD
)

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from([10**400, -(10**30), 1e308, "\ud800", "\x00", "a" * 129, "\u202e", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_JOB = {
    "name": "hostile",
    "schedule": {"every": "300d"},
    "prompt": "Summarize health",
    "tools": ["system.health"],
}
_TASK = {
    "kind": "background_prompt",
    "payload": {"prompt": "Summarize health", "tools": ["system.health"]},
    "not_before": LATER,
}
_SCHEDULES: st.SearchStrategy[Any] = st.sampled_from(
    [
        {"every": "9s"},
        {"every": "367d"},
        {"every": "366d"},
        {"every": "1e3s"},
        {"every": "\u0663\u0660\u0660d"},
        {"every": -1},
        {"every": 86400},
        {"every": True},
        {"every": 1e999},
        {"every": "300d", "at": LATER},
        {"at": LATER},
        {"at": "2027-12-01T00:00:00"},
        {"at": "2020-01-01T00:00:00Z"},
        {"at": "9999-12-31T23:59:59Z"},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "2027-02-30T00:00:00Z"},
        {"at": "2027-12-01T23:59:60Z"},
        {"at": LATER, "timezone": "Europe/Berlin"},
        {"at": LATER, "timezone": "../../etc/passwd"},
        {"at": LATER, "timezone": "\x00"},
        {"cron": "* * * * *"},
        {"cron": "0 0 31 2 *"},
        {"cron": "*/" + "9" * 120 + " * * * *"},
        {"cron": "\x00 * * * *", "timezone": "local"},
        {},
        None,
        [],
        "300d",
    ]
)
_FIELDS = (
    "name",
    "schedule",
    "prompt",
    "tools",
    "kind",
    "payload",
    "priority",
    "max_attempts",
    "not_before",
    "expires_at",
    "dedupe_key",
    "parent",
    "reason",
    "id",
)
_CHANGED = st.builds(
    lambda good, change: good | change,
    st.sampled_from([_JOB, _TASK, {}]),
    st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=5), _VALUES, max_size=2)
    | _SCHEDULES.map(lambda it: {"schedule": it})
    | st.sampled_from(
        [
            {"name": "n" * 129},
            {"name": "ä" * 65},
            {"prompt": "p" * 16_385},
            {"tools": ["no.such"]},
            {"tools": ["system.health"] * 100},
            {"prompt": "\ud800"},
            {"payload": {"prompt": "p", "then": {"prompt": "p"}}},
        ]
    ),
)
_TEXTS = st.sampled_from(
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"text"',
        b"0",
        b"NaN",
        b"{",
        b"{'name': 1}",
        b'{"name": NaN}',
        b'{"schedule": {"every": Infinity}}',
        b'{"schedule": {"every": -Infinity}}',
        b'{"name": 1e400}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "a", "name": "b"}',
        b'{"schedule": {"every": "300d", "every": "301d"}}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udc00\\ud800", "prompt": "\\u0000"}',
        b'{"name": "\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        '{"name": "hostile"}'.encode("utf-16"),
        b"[" * _MUCH,
        b"[" * 900 + b"]" * 900,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"payload":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"prompt": "' + b"p" * _LIMIT_BYTES + b'"}',
        b" " * (_LIMIT_BYTES + 1),
        b'{"__proto__": {"name": "x"}}',
        b"<xml/>",
        b"name=hostile",
        b"\x00" * 100,
    ]
)
_BODIES = (
    st.just(b"")
    | _TEXTS
    | _CHANGED.map(lambda it: json.dumps(it).encode())
    | _CHANGED.map(lambda it: json.dumps(it, ensure_ascii=False).encode(errors="surrogatepass"))
    | st.binary(max_size=60)
)
