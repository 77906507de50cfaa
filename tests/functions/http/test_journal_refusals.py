"""What is refused of the journal."""

from typing import Any

import pytest

from tests.functions.http.api import Api, assert_problem

EXPORTS = "/v1/journal/exports"


@pytest.mark.parametrize(
    "path", ["8/1", "0/0", "0/1", "x/1", "0/x", "0/-1", "9999999999999999/1", "1/9999999999999999"]
)
def test_there_is_nothing_where_nothing_stands(closed_api: Api, path: str) -> None:
    assert_problem(closed_api.get(f"/v1/journal/{path}"), 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?kinds=job", "kinds"),
        ("?kind=", "kind"),
        ("?stream=8", "stream"),
        ("?stream=one", "stream"),
        ("?from=yesterday", "from"),
        ("?from=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z", "until"),
        ("?limit=0", "limit"),
        ("?cursor=QQ", "cursor"),
        ("?text=a&text=b", "text"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(closed_api: Api, query: str, field: str) -> None:
    assert_problem(closed_api.get(f"/v1/journal{query}"), 422, field)


@pytest.mark.parametrize("path", ["", "/0/1", "/exports/01M81J18G068RKEJVNQ9RFVHWP"])
def test_nobody_reads_it_without_a_token(closed_api: Api, path: str) -> None:
    assert_problem(closed_api.get(f"/v1/journal{path}", headers={"Authorization": ""}), 401)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stream": 8}, "stream"),
        ({"stream": "3"}, "stream"),
        ({"from": "yesterday"}, "from"),
        ({"since": "2026-11-22T12:00:00Z"}, "since"),
        ({"kind": ""}, "kind"),
        ({"kind": 5}, "kind"),
        ({"everything": True}, "everything"),
    ],
)
def test_what_cannot_be_looked_for_is_not_exported(closed_api: Api, body: Any, field: str) -> None:
    assert_problem(closed_api.post(EXPORTS, body), 422, field)


@pytest.mark.parametrize("task_id", ["01M81J18G068RKEJVNQ9RFVHWP", "no%20id", "x"])
def test_an_unknown_export_is_not_found(closed_api: Api, task_id: str) -> None:
    assert_problem(closed_api.get(f"{EXPORTS}/{task_id}"), 404)
