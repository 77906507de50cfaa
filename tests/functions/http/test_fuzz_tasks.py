"""Whatever is sent about tasks: an answer below 500, and a problem where it is a refusal."""

from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from tests.functions.http.api import Api
from tests.functions.http.tasks import a_task
from tests.functions.http.test_fuzz import is_fair, quick, segments, values

FIELDS = ["kind", "payload", "priority", "max_attempts", "not_before", "expires_at", "dedupe_key"]
names = st.sampled_from([*FIELDS, "parent", "group", "serial"]) | st.text(max_size=8)
instants = st.datetimes().map(lambda instant: f"{instant.isoformat()}Z") | st.from_regex(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}", fullmatch=True
)
# None of these exists, so that nothing good is ever made.
bodies = st.dictionaries(names, values | instants, max_size=4).map(
    lambda change: {"parent": "01M81J18G00000000000000000", **a_task(**change)}
)
prompts = st.recursive(
    st.fixed_dictionaries({"prompt": st.text(max_size=5)}),
    lambda inner: st.builds(lambda then: {"prompt": "p", "then": then}, inner | values),
)
filters = st.dictionaries(
    st.sampled_from(["state", "lane", "parent", "kind", "limit", "cursor"]),
    st.text(max_size=20) | st.sampled_from(["queued", "high", "T", "run"]),
    max_size=4,
)


@quick
@given(body=bodies | values)
def test_no_json_makes_tasks_fail(closed_api: Api, body: Any) -> None:
    assert is_fair(closed_api.post("/v1/tasks", body))


@quick
@given(payload=prompts)
def test_no_payload_makes_tasks_fail(closed_api: Api, payload: Any) -> None:
    body = a_task(payload=payload, parent="01M81J18G00000000000000000")
    assert is_fair(closed_api.post("/v1/tasks", body))


@quick
@given(path=st.sampled_from(["/v1/tasks", "/v1/heartbeats"]), query=filters)
def test_no_query_makes_tasks_fail(closed_api: Api, path: str, query: dict[str, str]) -> None:
    assert is_fair(closed_api.get(f"{path}?{urlencode(query, errors='replace')}"))


@quick
@given(
    segment=segments | st.from_regex(r"[0-9A-Z-]{1,60}", fullmatch=True),
    how=st.sampled_from(["", "/pause", "/resume", "/retry", "/cancel"]),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    body=st.sampled_from([b"", b"{}", b'{"reason": "x"}', b"nonsense"]),
)
def test_no_path_makes_tasks_fail(
    closed_api: Api, segment: str, how: str, method: str, body: bytes
) -> None:
    assert is_fair(closed_api.send(method, f"/v1/tasks/{segment}{how}", body))
