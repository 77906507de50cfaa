import json
from typing import Any

import pytest

from tests.functions.http.api import Api, assert_problem
from tests.functions.http.tasks import a_task

FAR = "01M81J18G00000000000000000"


@pytest.mark.parametrize("field", ["kind", "payload"])
def test_what_a_task_needs_cannot_be_left_out(closed_api: Api, field: str) -> None:
    body = a_task()
    del body[field]
    problem = assert_problem(closed_api.post("/v1/tasks", body), 422, field)
    assert problem["errors"][0]["fix"] == "add it"


@pytest.mark.parametrize(
    ("change", "field", "fix"),
    [
        (
            {"kind": "firing"},
            "kind",
            "use: background_prompt, doctor, erasure, journal_export, journal_verify",
        ),
        ({"kind": ""}, "kind", "say something"),
        ({"payload": "text"}, "payload", "send an object"),
        ({"payload": []}, "payload", "send an object"),
        ({"payload": {}}, "payload.prompt", "send 1 to 16384 characters"),
        ({"payload": {"prompt": "\ud800"}}, "payload", "send whole characters"),
        ({"payload": {"prompt": "x", "x": 1}}, "payload.x", "use: prompt, then, tools"),
        (
            {"payload": {"prompt": "x", "tools": ["rm"]}},
            "payload.tools.0",
            "use: journal.search, node.invoke, system.health",
        ),
        ({"priority": 11}, "priority", "use -10 to 10"),
        ({"priority": -11}, "priority", "use -10 to 10"),
        ({"priority": "high"}, "priority", "send a whole number"),
        ({"priority": True}, "priority", "send a whole number"),
        ({"priority": 1.5}, "priority", "send a whole number"),
        ({"max_attempts": 0}, "max_attempts", "use 1 to 16"),
        ({"max_attempts": 17}, "max_attempts", "use 1 to 16"),
        ({"not_before": 1}, "not_before", "send one as 2026-11-22T12:00:00Z"),
        ({"not_before": "tomorrow"}, "not_before", "send one as 2026-11-22T12:00:00Z"),
        ({"not_before": "2026-11-22"}, "not_before", "send one as 2026-11-22T12:00:00Z"),
        ({"not_before": "2026-02-30T12:00:00Z"}, "not_before", "send one as 2026-11-22T12:00:00Z"),
        (
            {"not_before": "0001-01-01T00:00:00+14:00"},
            "not_before",
            "send one as 2026-11-22T12:00:00Z",
        ),
        ({"not_before": "9999-12-31T23:59:59Z"}, "not_before", "use a year up to 9000"),
        (
            {"not_before": "2026-11-23T12:00:00"},
            "not_before",
            "append Z, or an offset as +01:00",
        ),
        ({"expires_at": "2026-11-22T11:59:59Z"}, "expires_at", "choose a later instant"),
        ({"dedupe_key": ""}, "dedupe_key", "say something, or leave it out"),
        ({"dedupe_key": "k" * 257}, "dedupe_key", "use at most 256"),
        ({"dedupe_key": "\ud800"}, "dedupe_key", "send whole characters"),
        ({"parent": "main#tasks"}, "parent", "send the id of the task that delegates"),
        ({"parent": "J-"}, "parent", "send the id of the task that delegates"),
        ({"parent": FAR, "group": "a b"}, "group", "use 1 to 64 of A-Z a-z 0-9 _ and -"),
        ({"parent": FAR, "group": "g" * 65}, "group", "use 1 to 64 of A-Z a-z 0-9 _ and -"),
        ({"parent": FAR, "serial": True}, "serial", "name a parent and a group"),
        ({"parent": FAR, "group": "g", "serial": "yes"}, "serial", "send true or false"),
        ({"group": "g"}, "group", "name a parent"),
        ({"serial": True}, "serial", "name a parent and a group"),
        ({"owner": "other"}, "owner", "take it out; this field does not exist"),
    ],
)
def test_a_bad_field_is_refused_with_the_fix(
    closed_api: Api, change: dict[str, Any], field: str, fix: str
) -> None:
    problem = assert_problem(closed_api.post("/v1/tasks", a_task(**change)), 422, field)
    assert problem["errors"][0]["fix"] == fix


def test_a_task_cannot_end_before_it_may_begin(closed_api: Api) -> None:
    instants = {"not_before": "2026-11-24T12:00:00Z", "expires_at": "2026-11-24T12:00:00.0004Z"}
    assert_problem(closed_api.post("/v1/tasks", a_task(**instants)), 422, "expires_at")


@pytest.mark.parametrize("body", [b"", b"{", b'{"payload": NaN}', b'{"kind": 1, "kind": 2}'])
def test_what_is_not_strict_json_is_refused(closed_api: Api, body: bytes) -> None:
    assert_problem(closed_api.post("/v1/tasks", body), 400)


def test_a_payload_over_256_kib_is_refused(closed_api: Api) -> None:
    prompt = "😀" * 16_384
    payload: dict[str, Any] = {"prompt": prompt}
    for _ in range(3):
        payload = {"prompt": prompt, "then": payload}
    body = json.dumps(a_task(payload=payload), ensure_ascii=False).encode()

    problem = assert_problem(closed_api.post("/v1/tasks", body), 422, "payload")

    assert problem["errors"][0]["fix"] == "use at most 262144 bytes"


def test_a_body_over_320_kib_is_refused_unread(closed_api: Api) -> None:
    assert_problem(closed_api.post("/v1/tasks", b"[" * (320 * 1_024 + 1)), 413)


def test_a_parent_that_does_not_exist_is_named(closed_api: Api) -> None:
    problem = assert_problem(closed_api.post("/v1/tasks", a_task(parent=FAR)), 404, "parent")
    assert problem["fix"] == "send the id of a task that exists"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/tasks"),
        ("GET", "/v1/tasks"),
        ("GET", "/v1/tasks/T"),
        ("POST", "/v1/tasks/T/pause"),
        ("POST", "/v1/tasks/T/resume"),
        ("POST", "/v1/tasks/T/retry"),
        ("POST", "/v1/tasks/T/cancel"),
        ("GET", "/v1/heartbeats"),
    ],
)
def test_nothing_is_told_without_a_token(closed_api: Api, method: str, path: str) -> None:
    assert_problem(closed_api.send(method, path, headers={"Authorization": ""}), 401)


def test_a_number_that_json_cannot_hold_is_refused(closed_api: Api) -> None:
    body = b'{"kind": "background_prompt", "payload": {"prompt": 1e999}}'
    problem = assert_problem(closed_api.post("/v1/tasks", body), 422, "payload")
    assert problem["errors"][0]["fix"] == "use a smaller one"
