import json
import sys
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import NotFound, TooLarge
from infra import gateway
from infra.gateway_responses import RESPONSES, setting
from tests.infra.conftest import Emulator

STAGE = "api"
BEARER = {"Authorization": "Bearer main.abc"}
type Call = Callable[..., httpx.Response]


@pytest.fixture
def apis(plain: Emulator) -> Any:
    return plain.client("apigateway")


@pytest.fixture
def api(apis: Any) -> Iterator[str]:
    """An API of one route, as deployed as Chalice leaves it."""
    made: str = apis.create_rest_api(name="palyra")["id"]
    (root,) = apis.get_resources(restApiId=made)["items"]
    route = apis.create_resource(restApiId=made, parentId=root["id"], pathPart="ping")["id"]
    at = {"restApiId": made, "resourceId": route, "httpMethod": "GET"}
    apis.put_method(**at, authorizationType="NONE")
    answer = {"application/json": '{"statusCode": 200}'}
    apis.put_integration(**at, type="MOCK", requestTemplates=answer)
    apis.put_method_response(**at, statusCode="200")
    apis.put_integration_response(**at, statusCode="200", responseTemplates={})
    apis.create_deployment(restApiId=made, stageName=STAGE)
    yield made
    apis.delete_rest_api(restApiId=made)


@pytest.fixture
def record(tmp_path: Path, api: str) -> Path:
    """What Chalice records of a deploy."""
    url = f"https://{api}.execute-api.us-east-1.amazonaws.com/{STAGE}/"
    return recorded(
        tmp_path,
        {"name": "sweep", "resource_type": "lambda_function", "lambda_arn": "arn"},
        {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api, "rest_api_url": url},
    )


@pytest.fixture
def call(plain: Emulator, api: str) -> Call:
    """Call the API as the emulator serves it."""

    def get(path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return httpx.get(
            f"{plain.url}/restapis/{api}/{STAGE}/_user_request_{path}", headers=headers
        )

    return get


def recorded(folder: Path, *resources: Mapping[str, str]) -> Path:
    file = folder / "test.json"
    file.write_text(json.dumps({"resources": resources}))
    return file


def problem_of(kind: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        setting(RESPONSES[kind])["responseTemplates"]["application/json"]
    )
    return told


def test_a_path_without_a_route_is_a_problem(apis: Any, record: Path, call: Call) -> None:
    assert call("/nope").status_code == 403
    assert "MISSING_AUTHENTICATION_TOKEN" in gateway.teach(record, apis)
    answer = call("/nope")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == problem_of("MISSING_AUTHENTICATION_TOKEN")
    assert answer.json()["type"] == "urn:palyra:problem:not-found"


def test_a_token_on_a_path_without_a_route_is_not_told_back(
    apis: Any, record: Path, call: Call
) -> None:
    gateway.teach(record, apis)
    answer = call("/nope", BEARER)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert "main.abc" not in answer.text


def test_what_a_route_answers_is_left_alone(apis: Any, record: Path, call: Call) -> None:
    gateway.teach(record, apis)
    assert call("/ping", BEARER).status_code == 200


def test_what_is_set_already_is_only_deployed_again(apis: Any, record: Path, api: str) -> None:
    assert gateway.teach(record, apis) == list(RESPONSES)
    before = apis.get_stage(restApiId=api, stageName=STAGE)["deploymentId"]
    assert gateway.teach(record, apis) == []
    assert apis.get_stage(restApiId=api, stageName=STAGE)["deploymentId"] != before


def test_what_somebody_changed_is_set_again(apis: Any, record: Path, api: str) -> None:
    gateway.teach(record, apis)
    apis.delete_gateway_response(restApiId=api, responseType="THROTTLED")
    assert gateway.teach(record, apis) == ["THROTTLED"]


def test_a_response_that_is_not_kept_is_told(
    apis: Any, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apis, "put_gateway_response", lambda **_: None)
    with pytest.raises(gateway.StillMute, match=r"THROTTLED.*: not kept"):
        gateway.teach(record, apis)


def test_a_stage_that_serves_another_deployment_is_told(
    apis: Any, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apis, "create_deployment", lambda **_: {"id": "another"})
    with pytest.raises(gateway.StillMute, match="another deployment"):
        gateway.teach(record, apis)


def test_an_api_that_is_not_there_is_told(apis: Any, tmp_path: Path) -> None:
    gone = {"resource_type": "rest_api", "rest_api_id": "gone", "rest_api_url": "https://gone/api/"}
    with pytest.raises(gateway.StillMute, match="apigateway:GET") as told:
        gateway.teach(recorded(tmp_path, gone), apis)
    assert isinstance(told.value.__cause__, ClientError)


def test_a_deploy_without_an_api_is_told(tmp_path: Path) -> None:
    with pytest.raises(gateway.StillMute, match="names no API"):
        gateway.deployed_api(recorded(tmp_path))


def test_a_stage_that_was_never_deployed_is_told(tmp_path: Path) -> None:
    with pytest.raises(gateway.StillMute, match="chalice deploy"):
        gateway.deployed_api(tmp_path / "prod.json")


def test_every_answer_of_the_gateway_is_chosen() -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    assert set(RESPONSES) == set(model.shape_for("GatewayResponseType").enum)


@pytest.mark.parametrize("kind", RESPONSES)
def test_an_answer_is_a_problem_that_says_what_to_do(kind: str) -> None:
    problem, status = problem_of(kind), RESPONSES[kind].status
    assert problem.get("status") == status
    assert setting(RESPONSES[kind]).get("statusCode") == (str(int(status)) if status else None)
    assert problem["type"].startswith("urn:palyra:problem:")
    assert all(problem[part] for part in ("title", "detail", "fix"))
    assert "$" not in json.dumps(problem)


@pytest.mark.parametrize("kind", sorted(set(RESPONSES) - {"DEFAULT_5XX"}))
def test_only_the_unforeseen_leaves_its_status_to_the_gateway(kind: str) -> None:
    assert RESPONSES[kind].status in HTTPStatus


def test_a_problem_has_the_name_that_the_app_gives_it() -> None:
    for kind, error in (("RESOURCE_NOT_FOUND", NotFound), ("REQUEST_TOO_LARGE", TooLarge)):
        told = problem_of(kind)
        assert told["type"] == f"urn:palyra:problem:{error.code()}"
        assert (told["title"], told["status"]) == (error.title(), error.status)


def test_the_command_tells_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gateway", "--stage", "neverdeployed"])
    assert gateway.main() == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_the_command_says_what_it_has_done(
    plain: Emulator,
    record: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(gateway, "_DEPLOYED", record.parent)
    monkeypatch.setattr(sys, "argv", ["gateway", "--stage", "test"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", plain.url)
    assert gateway.main() == 0
    assert f"{len(RESPONSES)} responses are problems" in capsys.readouterr().out
