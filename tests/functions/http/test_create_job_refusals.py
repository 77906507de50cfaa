import json
from typing import Any

import pytest

from tests.functions.http.api import Api, a_job, assert_problem

KIB = 1_024


@pytest.mark.parametrize("field", ["name", "schedule", "prompt"])
def test_what_a_job_needs_cannot_be_left_out(closed_api: Api, field: str) -> None:
    body = a_job()
    del body[field]
    problem = assert_problem(closed_api.post("/v1/jobs", body), 422, field)
    assert problem["errors"][0]["fix"] == "add it"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"name": ["health"]}, "name"),
        ({"name": ""}, "name"),
        ({"name": " \t\n"}, "name"),
        ({"name": "n" * 129}, "name"),
        ({"name": "ü" * 65}, "name"),
        ({"name": "half a \ud800 character"}, "name"),
        ({"prompt": True}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "\u2003"}, "prompt"),
        ({"prompt": "p" * 16 * KIB + "p"}, "prompt"),
        ({"prompt": "ü" * 8 * KIB + "p"}, "prompt"),
        ({"prompt": "\udfff"}, "prompt"),
        ({"concurrency": "allow"}, "concurrency"),
        ({"concurrency": "FORBID"}, "concurrency"),
        ({"concurrency": ""}, "concurrency"),
        ({"concurrency": None}, "concurrency"),
        ({"concurrency": 1}, "concurrency"),
        ({"concurrency": ["replace"]}, "concurrency"),
        ({"concurrency": {"replace": True}}, "concurrency"),
        ({"schedule": "60s"}, "schedule"),
        ({"schedule": None}, "schedule"),
        ({"schedule": [{"every": "60s"}]}, "schedule"),
        ({"schedule": {}}, "schedule"),
        ({"schedule": {"cron": "0 0 31 2 *"}}, "schedule.cron"),
        ({"schedule": {"cron": 5}}, "schedule.cron"),
        ({"schedule": {"at": "2027-01-01T00:00:00Z", "every": "60s"}}, "schedule"),
        ({"schedule": {"at": "2026-11-22T12:00:00Z"}}, "schedule.at"),
        ({"schedule": {"at": "2026-11-22T12:00:00.5Z"}}, "schedule.at"),
        ({"schedule": {"at": "2027-01-01T00:00:00"}}, "schedule.at"),
        ({"schedule": {"at": "tomorrow"}}, "schedule.at"),
        ({"schedule": {"at": 1795348800}}, "schedule.at"),
        ({"schedule": {"at": None}}, "schedule.at"),
        ({"schedule": {"timezone": "utc"}}, "schedule"),
        (
            {"schedule": {"at": "2027-01-01T00:00:00Z", "timezone": "Mars/Olympus"}},
            "schedule.timezone",
        ),
        ({"schedule": {"at": "2027-01-01T00:00:00Z", "timezone": 1}}, "schedule.timezone"),
        ({"schedule": {"every": "60s", "timezone": "utc"}}, "schedule.timezone"),
        ({"schedule": {"every": "9s"}}, "schedule.every"),
        ({"schedule": {"every": "367d"}}, "schedule.every"),
        ({"schedule": {"every": 9}}, "schedule.every"),
        ({"schedule": {"every": -60}}, "schedule.every"),
        ({"schedule": {"every": 60.5}}, "schedule.every"),
        ({"schedule": {"every": int("9" * 4_000)}}, "schedule.every"),
        ({"schedule": {"every": True}}, "schedule.every"),
        ({"schedule": {"every": None}}, "schedule.every"),
        ({"schedule": {"every": ""}}, "schedule.every"),
        ({"schedule": {"every": "soon"}}, "schedule.every"),
        ({"schedule": {"every": {"every": "60s"}}}, "schedule.every"),
        ({"tools": "system.health"}, "tools"),
        ({"tools": None}, "tools"),
        ({"tools": {"system.health": True}}, "tools"),
        ({"tools": [7]}, "tools.0"),
        ({"tools": ["system.health", None]}, "tools.1"),
        ({"tools": ["system.health", "rm -rf"]}, "tools.1"),
        ({"tools": ["System.Health"]}, "tools.0"),
        ({"tools": ["\ud800"]}, "tools.0"),
        ({"tools": ["system.health", "system.health"]}, "tools"),
        ({"tools": [f"tool-{number}" for number in range(33)]}, "tools"),
        ({"owner": "other"}, "owner"),
        ({"id": "J"}, "id"),
        ({"state": "paused"}, "state"),
        ({"Name": "health"}, "Name"),
        ({"": 1}, "body"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(
    closed_api: Api, change: dict[str, Any], field: str
) -> None:
    assert_problem(closed_api.post("/v1/jobs", a_job(**change)), 422, field)


def test_all_bad_fields_are_named_at_once(closed_api: Api) -> None:
    body = {"name": "", "schedule": 7, "extra": 1}
    assert_problem(closed_api.post("/v1/jobs", body), 422, "name", "schedule", "prompt", "extra")


def test_an_unknown_tool_is_answered_with_those_that_exist(closed_api: Api) -> None:
    problem = assert_problem(closed_api.post("/v1/jobs", a_job(tools=["rm"])), 422, "tools.0")
    assert problem["fix"] == "use: journal.search, node.invoke, system.health"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"{'name': 'health'}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"\x00",
        json.dumps(a_job()).encode("utf-16"),
        b'{"name": NaN}',
        b'{"schedule": {"every": Infinity}}',
        b'{"schedule": {"every": -Infinity}}',
        b'{"name": "a", "name": "a"}',
        b'{"schedule": {"every": "60s", "every": "60s"}}',
        b'{"name": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
)
def test_what_is_not_strict_json_is_refused(closed_api: Api, body: bytes) -> None:
    assert_problem(closed_api.post("/v1/jobs", body), 400)


def test_a_missing_body_is_said_to_be_missing(closed_api: Api) -> None:
    problem = assert_problem(closed_api.post("/v1/jobs", b""), 400)
    assert (problem["detail"], problem["fix"]) == ("the request has no body", "send a JSON object")


@pytest.mark.parametrize("body", [b"null", b"[]", b"7", b'"health"', b"true"])
def test_json_that_is_no_object_is_refused(closed_api: Api, body: bytes) -> None:
    problem = assert_problem(closed_api.post("/v1/jobs", body), 422, "body")
    assert problem["errors"][0]["fix"] == "send a JSON object"


def test_half_a_character_in_a_field_name_is_refused(closed_api: Api) -> None:
    body = json.dumps(a_job()).replace('"name"', '"\\ud800"')
    assert_problem(closed_api.post("/v1/jobs", body), 422, "body")


def test_a_body_over_320_kib_is_refused_unread(closed_api: Api) -> None:
    problem = assert_problem(closed_api.post("/v1/jobs", b"[" * (320 * KIB + 1)), 413)
    assert problem["fix"] == "send at most 327680 bytes"


@pytest.mark.parametrize(
    "body",
    [
        b'{"tools": [' + b"1," * 150_000 + b"1]}",
        ("{" + ",".join(f'"{number:x}":1' for number in range(30_000)) + "}").encode(),
        b'{"' + b"x" * 300_000 + b'": 1}',
    ],
    ids=["many bad items", "many unknown fields", "a long unknown field"],
)
def test_an_answer_stays_small_however_much_is_wrong(closed_api: Api, body: bytes) -> None:
    reply = closed_api.post("/v1/jobs", body)
    assert reply.status == 422
    assert reply.size < 8 * KIB


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/jsonx", "multipart/form-data", ""]
)
def test_another_media_type_is_refused(closed_api: Api, media_type: str) -> None:
    reply = closed_api.post("/v1/jobs", a_job(), headers={"Content-Type": media_type})
    assert "application/json" in assert_problem(reply, 415)["fix"]
