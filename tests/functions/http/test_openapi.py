"""The committed description of the API is what its routes say, and says all of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from app import app
from chalicelib.functions.http import console
from infra import openapi
from tests.functions.http.api import Api
from tests.functions.http.contract import DOCUMENT

PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text()
OPERATIONS = [
    (f"{method.upper()} {path}", described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
]
each_operation = pytest.mark.parametrize(
    "described", [each for _, each in OPERATIONS], ids=[name for name, _ in OPERATIONS]
)


def test_the_committed_document_is_current() -> None:
    assert openapi.OPENAPI.read_text() == openapi.text(), "run: python -m infra.openapi"


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_every_route_is_described_and_nothing_else() -> None:
    routes = {
        f"{method} {path}"
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if not entry.view_function.__module__.startswith(console.__name__)
    }
    assert {name for name, _ in OPERATIONS} == routes


def test_the_document_is_served_to_anybody(api: Api) -> None:
    reply = api.get("/v1/openapi.json", headers={"Authorization": ""})
    assert (reply.status, reply.body) == (200, DOCUMENT)


@each_operation
def test_an_operation_has_a_name_a_summary_and_a_success(described: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z_]+", described["operationId"])
    assert re.fullmatch(r"[A-Z].*[^.]", described["summary"])
    assert {"200", "201", "202"} & described["responses"].keys()


@each_operation
def test_every_refusal_is_a_problem(described: dict[str, Any]) -> None:
    refusals = {status: it for status, it in described["responses"].items() if status >= "400"}
    assert {"415", "422", "500", "503"} <= refusals.keys()
    for status, refusal in refusals.items():
        assert refusal == {"$ref": f"#/components/responses/{status}"}
        content = DOCUMENT["components"]["responses"][status]["content"]
        assert content == {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        }


def test_nothing_is_described_that_no_operation_refers_to() -> None:
    text = openapi.text()
    for kind in ("schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, name


def test_names_of_operations_are_their_own() -> None:
    names = [described["operationId"] for _, described in OPERATIONS]
    assert len(set(names)) == len(names)


def test_the_page_about_the_api_has_the_routes_that_there_are() -> None:
    assert openapi.page(PAGE) == PAGE, "run: python -m infra.openapi"
    for name, _ in OPERATIONS:
        assert f"| `{name}` |" in PAGE


def test_the_page_about_the_api_explains_every_status() -> None:
    statuses = {status for _, each in OPERATIONS for status in each["responses"] if status >= "400"}
    explained = set(re.findall(r"^\| ([45][0-9]{2}) \|", PAGE, re.MULTILINE))
    assert statuses - {"500"} <= explained
