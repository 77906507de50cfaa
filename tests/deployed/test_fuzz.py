"""Whatever is sent to the deployed API over HTTP: an answer below 500, and a problem if refused.

TEST_FUZZ says how many requests; a thousand, if it does not. They are the same each time.
"""

import http.client
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from chalicelib.clock import rfc3339
from infra.local.place import LOOPBACK
from tests.deployed.cloud import Cloud
from tests.deployed.driver import Item, Owner
from tests.deployed.wire import Reply, encoded, send
from tests.functions.http import contract
from tests.support import hostile

BATCH = 4
REQUESTS = int(os.environ.get("TEST_FUZZ", "1000"))
GENERATED, BROKEN = 3 * REQUESTS // 10, REQUESTS // 5
HOSTILE = REQUESTS // 5  # At least.
SLOW = {"every": "300d"}
TRACES = (b"Traceback (most recent call last)", b'File "/', b"site-packages")
CONFORMANCE = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(contract.DOCUMENT).get_all_operations()
    if isinstance(found, Ok)
]


def many(number: int) -> settings:
    """Return the settings of so many requests, drawn by the batch and the same each time."""
    return settings(
        max_examples=-(-number // BATCH),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Target:
    """The API under fire, what is known of it, and what it answered so far."""

    port: int
    owner: Owner
    known: Mapping[str, str]
    statuses: Counter[int] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(BATCH))

    def each[T](self, ask: Callable[[T], Reply], drawn: Iterable[T]) -> None:
        """Send what was drawn, all at once."""
        for reply in self.pool.map(ask, drawn):
            self.statuses[reply.status] += 1

    @property
    def origin(self) -> str:
        """Where the API is."""
        return f"http://{LOOPBACK}:{self.port}"

    def send(self, data: bytes, request: str) -> Reply:
        """Send bytes, and judge the answer."""
        method, _, rest = data.decode("latin-1").partition(" ")
        try:
            reply = send(data, self.port)
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"{request} was not answered") from error
        return self.judge(reply, method, rest.partition(" ")[0], request)

    def judge(self, reply: Reply, method: str, path: str, request: str) -> Reply:
        """Say whether an answer is what every answer must be."""
        told = _told(request, reply)
        assert reply.status < 500, told
        assert not any(trace in reply.content for trace in TRACES), told
        if reply.status >= 400 and method != "HEAD":
            assert _is_problem(reply) or _is_page(reply, path), told
        return reply


def batches[T](drawn: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """Return what is sent at the same time: most of an answer's time is waiting."""
    return st.lists(drawn, min_size=BATCH, max_size=BATCH)


def _check_contract(request: hostile.Request, reply: Reply) -> None:
    if not reply.is_the_apps:
        return
    try:
        contract.check_answer(
            request.method, request.target, reply.status, reply.headers, reply.body
        )
    except Exception as error:
        raise AssertionError(_told(repr(request), reply)) from error


def _told(request: str, reply: Reply) -> str:
    return f"{request}\n{reply.status} {dict(reply.headers)}\n{reply.content[:2000]!r}"


def _is_problem(reply: Reply) -> bool:
    if reply.headers["content-type"] != contract.PROBLEM:
        return False
    body = reply.body
    is_whole = all(body.get(name) for name in ("type", "title", "status", "detail"))
    return is_whole and body["status"] == reply.status and body["type"].startswith("urn:palyra:")


def _is_page(reply: Reply, path: str) -> bool:
    """Return whether somebody is told on a page, as they asked for one; the API has none."""
    is_html = reply.headers["content-type"].startswith("text/html")
    return is_html and reply.is_the_apps and not path.startswith("/v1")


@pytest.fixture(scope="module")
def target(cloud: Cloud) -> Iterator[Target]:
    owner, stranger = (cloud.token_of(name) for name in ("fuzz", "stranger"))
    api, later = Owner(cloud, owner), rfc3339(datetime.now(UTC) + timedelta(days=300))
    job, foreign = (_made(each, "/v1/jobs", _job()) for each in (api, Owner(cloud, stranger)))
    known = {
        "@job": job,
        "@stream": "3",
        "@seq": "1",
        "@version": _version(api),
        "@incident": f"incident_{0:016x}",
        "@approval": job,
        "@device": job,
        "@name": "camera.take",
        "@request": job,
        "@session": job,
        "@code": _code(api),
        "@foreign": foreign,
        "@task": _made(api, "/v1/tasks", _task(later)),
        "@run": f"{job}-001800000000",
        "@token": owner,
        "@stranger": stranger,
        "@later": later,
    }
    yield Target(cloud.place.port, api, known)
    _remove_jobs(api)
    _remove_jobs(Owner(cloud, stranger))


def _made(owner: Owner, path: str, body: Item) -> str:
    answer = owner.post(path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _job() -> Item:
    return {"name": "fuzz", "schedule": SLOW, "prompt": "p", "tools": ["system.health"]}


def _task(later: str) -> Item:
    return {"kind": "background_prompt", "payload": {"prompt": "p"}, "not_before": later}


def _version(owner: Owner) -> str:
    text = '@id("calm") permit (principal, action == Action::"dispatch", resource);'
    answer = owner.post("/v1/policies", {"text": text})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["version"])


def _code(owner: Owner) -> str:
    answer = owner.post("/v1/pairing/codes", {"method": "pin", "client_kind": "cli"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code_id"])


def _remove_jobs(owner: Owner) -> None:
    for job in owner.jobs():
        assert owner.delete(f"/v1/jobs/{job['id']}").status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.label)
def test_requests_of_the_openapi_document(target: Target, operation: Any) -> None:
    modes = [GenerationMode.POSITIVE]
    if operation.query or operation.path_parameters or operation.body:
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:
        share = GENERATED // len(OPERATIONS) // len(modes) + 1
        fire(target, operation.as_strategy(generation_mode=mode), share)


def fire(target: Target, cases: st.SearchStrategy[Case[Any]], number: int) -> None:
    """Send requests that the document allows, or almost; the answers are as it says."""

    def ask(one: tuple[Case[Any], bool]) -> Reply:
        case, is_known = one
        _tame(case, target.known, is_known=is_known)
        authorization = {"Authorization": f"Bearer {target.known['@token']}"}
        answer = case.call(base_url=target.origin, headers=authorization)
        headers = httpx.Headers([(n, v) for n, values in answer.headers.items() for v in values])
        reply = Reply(answer.status_code, headers, answer.content)
        target.judge(reply, case.method, case.path, case.as_curl_command())
        if reply.is_the_apps:
            case.validate_response(answer, checks=CONFORMANCE)
        return reply

    @many(number)
    @given(drawn=batches(st.tuples(cases, st.booleans())))
    def once(drawn: list[tuple[Case[Any], bool]]) -> None:
        target.each(ask, drawn)

    once()


def _tame(case: Case[Any], known: Mapping[str, str], *, is_known: bool) -> None:
    """Let a case be about what exists, and let nothing that it makes run often."""
    if is_known:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known["@" + name.removesuffix("_id")]
    body: Any = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("schedule"), dict) and "every" in body["schedule"]:
        body["schedule"]["every"] = SLOW["every"]
    if "payload" in body:
        body["not_before"] = known["@later"]


GOOD = hostile.Request(
    "POST",
    "/v1/jobs?limit=1",
    [("Authorization", "Bearer @token"), ("Content-Type", "application/json")],
    b'{"name": "fuzz"}',
)
JUNK = st.binary(min_size=1, max_size=12) | st.sampled_from(
    [
        b"\x00",
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b":",
        b"\xff",
        b"\t",
        b"%",
        b"#",
        b"HTTP/2.0",
    ]
)
SWAPS = (
    (b"HTTP/1.1", b"HTTP/1.0"),
    (b"HTTP/1.1", b"HTTP/0.9"),
    (b"HTTP/1.1", b"HTTP/3"),
    (b"HTTP/1.1", b"http/1.1"),
    (b" HTTP/1.1", b""),
    (b"\r\n", b"\n"),
    (b"\r\n", b"\r"),
    (b"POST ", b"POST  "),
    (b"POST ", b"P\x00ST "),
    (b"POST ", b"post "),
    (b"POST ", b"PRI "),
    (b"/v1/jobs", b"//v1/jobs"),
    (b"/v1/jobs", b"http://127.0.0.1/v1/jobs"),
    (b"/v1/jobs", b"*"),
    (b"/v1/jobs", b"/v1/" + b"a" * 70_000),
    (b"Host:", b"Host :"),
    (b"Host:", b" Host:"),
    (b"Host:", b"Host: a\r\nHost:"),
    (b"127.0.0.1", b"elsewhere.example"),
    (b"Authorization:", b"Transfer-Encoding: chunked\r\nAuthorization:"),
    (b"Authorization:", b"Expect: 100-continue\r\nAuthorization:"),
    (b"Authorization:", b"Upgrade: h2c\r\nAuthorization:"),
    (b"Authorization:", b"X: a\r\n folded\r\nAuthorization:"),
    (b"Authorization:", b"X: a\r\n" * 150 + b"Authorization:"),
    (b"Bearer", b"Bearer\xc3\xa4"),
    (b"Content-Length: ", b"Content-Length: 9"),
    (b"Content-Length: ", b"Content-Length: -"),
    (b"Content-Length: ", b"Content-Length: +"),
    (b"Content-Length: ", b"Content-Length: 0x"),
    (b"Content-Length: ", b"Content-Length: 1, "),
    (b"Content-Length: ", b"Content-Length: " + b"9" * 5000),
    (b"Content-Length: ", b"Content-Length: 1\r\nContent-Length: "),
    (b"Content-Length: ", b"Content-Size: "),
    (b"?limit=1", b"?" + b"a" * 60_000),
    (b"?limit=1", b"?%"),
    (b"?limit=1", b"#a"),
)


class Spoilt(NamedTuple):
    """What is done to a good request: texts are swapped, then it is cut, or junk put in."""

    swaps: list[int]
    place: int
    junk: bytes
    is_cut: bool

    def of(self, data: bytes) -> bytes:
        """Return the bytes that are sent."""
        for old, new in (SWAPS[number] for number in self.swaps):
            data = data.replace(old, new)
        return data[: self.place] + (b"" if self.is_cut else self.junk + data[self.place :])


@many(BROKEN)
@given(
    drawn=batches(
        st.builds(
            Spoilt,
            st.lists(st.integers(0, len(SWAPS) - 1), max_size=2),
            st.integers(1, 400),
            JUNK,
            st.sampled_from([False, False, True]),
        )
    )
)
def test_bytes_that_are_hardly_http(target: Target, drawn: list[Spoilt]) -> None:
    good = encoded(GOOD.filled(target.known), target.port)

    def ask(one: Spoilt) -> Reply:
        data = one.of(good)
        return target.send(data, repr(data[:1000]))

    target.each(ask, drawn)


def test_hostile_requests(target: Target) -> None:
    def ask(one: hostile.Request) -> Reply:
        request = one.filled(target.known)
        reply = target.send(encoded(request, target.port), repr(request))
        _check_contract(request, reply)
        return reply

    # As many as the others have left: Hypothesis sends nothing twice, and some know little to send.
    @many(max(REQUESTS - target.statuses.total(), HOSTILE))
    @given(drawn=batches(hostile.requests(contract.DOCUMENT)))
    def all_at_once(drawn: list[hostile.Request]) -> None:
        target.each(ask, drawn)

    all_at_once()


def test_so_many_were_sent(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    sent = target.statuses.total()

    with capsys.disabled():
        answers = ", ".join(f"{number} x {status}" for status, number in target.statuses.items())
        rate = f"{sent / (time.monotonic() - target.began):.0f} a second"
        sys.stdout.write(f"\n{sent} requests of {REQUESTS}, {rate}: {answers}\n")
    assert sent >= REQUESTS
