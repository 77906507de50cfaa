"""Whatever is sent: an answer below 500, and a problem where it is a refusal."""

from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.functions.http.api import Api, Reply, a_job

quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["name", "schedule", "prompt", "tools"]) | st.text(max_size=8)
nearly_good = st.dictionaries(names, values, max_size=3).map(lambda change: a_job(**change))
schedules = st.builds(
    lambda value: a_job(schedule={"every": value}),
    values | st.from_regex(r"[0-9]{0,12}[dhms]?", fullmatch=True),
)
triggers = st.dictionaries(
    st.sampled_from(["type", "schedule"]), st.just("schedule") | values, max_size=2
)
segments = st.text(min_size=1, max_size=40).map(lambda it: quote(it, safe="", errors="replace"))
parameters = st.dictionaries(
    st.sampled_from(["limit", "cursor"]) | st.text(max_size=8),
    st.text(max_size=40) | st.integers().map(str),
    max_size=3,
)


def is_fair(reply: Reply) -> bool:
    if reply.status < 400:
        return reply.status != 304 or reply.body is None
    is_problem = reply.headers["Content-Type"] == "application/problem+json"
    complete = {"type", "title", "status", "detail"} <= reply.body.keys()
    return reply.status < 500 and is_problem and complete and reply.body["status"] == reply.status


@quick
@given(body=nearly_good | schedules | values)
def test_no_json_makes_the_api_fail(closed_api: Api, body: Any) -> None:
    assert is_fair(closed_api.post("/v1/jobs", body))


@quick
@given(body=st.dictionaries(names, values, max_size=4) | values)
def test_no_change_makes_the_api_fail(closed_api: Api, body: Any) -> None:
    assert is_fair(closed_api.send("PATCH", "/v1/jobs/NOPE", body))


@quick
@given(trigger=triggers | values)
def test_no_trigger_makes_the_api_fail(closed_api: Api, trigger: Any) -> None:
    body = {"name": "health", "prompt": "Look", "trigger": trigger}
    keyed = {"Idempotency-Key": "once"}
    assert is_fair(closed_api.post("/v1/routines", body, headers=keyed))
    assert is_fair(closed_api.send("PATCH", "/v1/routines/NOPE", {"trigger": trigger}))


@quick
@given(body=st.binary(max_size=200))
def test_no_bytes_make_the_api_fail(closed_api: Api, body: bytes) -> None:
    assert is_fair(closed_api.post("/v1/jobs", body))


@quick
@given(
    path=st.sampled_from(["/v1/jobs", "/v1/jobs/J/firings", "/v1/runs", "/v1/status"]),
    query=parameters,
)
def test_no_query_makes_the_api_fail(closed_api: Api, path: str, query: dict[str, str]) -> None:
    assert is_fair(closed_api.get(f"{path}?{urlencode(query, errors='replace')}"))


@quick
@given(
    before=st.sampled_from(["/v1/jobs/", "/v1/runs/"]),
    segment=segments,
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]),
)
def test_no_path_makes_the_api_fail(
    closed_api: Api, before: str, segment: str, method: str
) -> None:
    assert is_fair(closed_api.send(method, before + segment))


@quick
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Authorization",
                "Content-Type",
                "Accept",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
            ]
        ),
        st.text(max_size=40)
        | st.sampled_from(["application/json", "Bearer x", "image/png", '"1.a", *', 'W/"1"']),
    )
)
def test_no_header_makes_the_api_fail(closed_api: Api, headers: dict[str, str]) -> None:
    assert is_fair(closed_api.post("/v1/jobs", a_job(name=""), headers=headers))
    assert is_fair(closed_api.send("PATCH", "/v1/jobs/NOPE", {"name": "n"}, headers=headers))
    assert is_fair(closed_api.get("/v1/jobs", headers=headers))
