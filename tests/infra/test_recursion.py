import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app import app
from infra import recursion
from tests.infra.conftest import Emulator
from tests.infra.functions import make_function

WORKERS = ["worker_high", "worker_low"]


@pytest.fixture
def functions(plain: Emulator) -> Iterator[Any]:
    """A Lambda with two workers and a function that is none."""
    client = plain.client("lambda")
    for name in (*WORKERS, "sweep"):
        make_function(client, name)
    yield client
    for name in (*WORKERS, "sweep"):
        client.delete_function(FunctionName=name)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """What Chalice records of a deploy."""
    return recorded(tmp_path, *WORKERS, "sweep")


def recorded(folder: Path, *names: str) -> Path:
    arn = "arn:aws:lambda:us-east-1:000000000000:function"
    resources = [
        {"name": name, "resource_type": "lambda_function", "lambda_arn": f"{arn}:{name}"}
        for name in names
    ]
    other = {"name": "worker_high-sqs", "resource_type": "sqs_event", "lambda_arn": arn}
    file = folder / "test.json"
    file.write_text(json.dumps({"resources": [*resources, other]}))
    return file


def setting(functions: Any, name: str) -> str:
    found = functions.get_function_recursion_config(FunctionName=name)
    return str(found["RecursiveLoop"])


def test_every_worker_may_call_itself_and_no_other_function(functions: Any, record: Path) -> None:
    assert recursion.allow(record, functions) == WORKERS
    assert [setting(functions, name) for name in WORKERS] == ["Allow", "Allow"]
    assert setting(functions, "sweep") == "Terminate"


def test_a_worker_that_may_already_is_left_alone(functions: Any, record: Path) -> None:
    recursion.allow(record, functions)
    functions.put_function_recursion_config(FunctionName="worker_low", RecursiveLoop="Terminate")
    assert recursion.allow(record, functions) == ["worker_low"]
    assert recursion.allow(record, functions) == []


def test_a_setting_that_is_not_kept_is_told(
    functions: Any, record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(functions, "put_function_recursion_config", lambda **_: None)
    with pytest.raises(recursion.StillGuarded, match="worker_high: RecursiveLoop is Terminate"):
        recursion.allow(record, functions)


def test_a_worker_that_is_not_there_is_told(functions: Any, tmp_path: Path) -> None:
    with pytest.raises(recursion.StillGuarded, match=r"worker_gone: .* lambda:Put") as told:
        recursion.allow(recorded(tmp_path, "worker_gone"), functions)
    assert isinstance(told.value.__cause__, ClientError)


def test_a_stage_that_was_never_deployed_is_told(functions: Any, tmp_path: Path) -> None:
    with pytest.raises(recursion.StillGuarded, match="chalice deploy"):
        recursion.allow(tmp_path / "prod.json", functions)


def test_a_deploy_without_workers_is_told(functions: Any, tmp_path: Path) -> None:
    with pytest.raises(recursion.StillGuarded, match="names no worker"):
        recursion.allow(recorded(tmp_path, "sweep"), functions)


def test_the_workers_are_the_functions_of_the_lanes() -> None:
    lanes = {"palyra-local-high", "palyra-local-normal", "palyra-local-low"}
    of_lanes = {source.name for source in app.event_sources if _queue(source) in lanes}
    named = {source.name for source in app.event_sources if source.name.startswith("worker_")}
    assert named == of_lanes
    assert len(of_lanes) == len(lanes)


def test_the_command_tells_an_error_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["recursion", "--stage", "neverdeployed"])
    assert recursion.main() == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_the_command_names_the_workers_that_it_has_seen_to(
    plain: Emulator,
    functions: Any,
    record: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(recursion, "_DEPLOYED", record.parent)
    monkeypatch.setattr(sys, "argv", ["recursion", "--stage", "test"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", plain.url)
    assert recursion.main() == 0
    assert "worker_high, worker_low (2 changed)" in capsys.readouterr().out
    assert setting(functions, "worker_high") == "Allow"


def _queue(source: Any) -> str:
    return str(getattr(source, "queue", ""))
