"""The policy files: made of the table, each for its stage alone, and nothing in them too broad."""

import json
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from app import app
from infra import permissions, policy_files
from infra.grants import API, log_group
from infra.permissions import CLASSES
from infra.policy_files import CHALICE
from tests.infra.chalice_graph import functions
from tests.infra.stages import names_of

STAGES = policy_files.stages()
FILES = sorted(policy_files.written())
# One begins as the other does: only a whole name tells them apart.
NEIGHBOURS = ("dev", "dev2", "de", "prod")
LARGEST_INLINE_POLICY = 10_240
KEYS = "arn:aws:kms:*:*:key/*"
# What AWS knows no resources of; both only read, and neither tells what anybody has stored.
NAMELESS = {"cloudwatch:GetMetricData", "lambda:ListEventSourceMappings"}
each_file = pytest.mark.parametrize("file", FILES, ids=str)
each_stage = pytest.mark.parametrize("stage", STAGES)


def statements(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CHALICE / file).read_text())["Statement"]
    return found


def allowed(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each action, resource and condition of a file."""
    for statement in statements(file):
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield action, resource, statement.get("Condition", {})


def test_every_file_is_what_the_table_makes_of_it() -> None:
    wanted = policy_files.files(CLASSES, STAGES)
    stale = [str(path) for path, text in wanted.items() if (CHALICE / path).read_text() != text]
    assert stale == [], "run `python -m infra.permissions`"
    assert {Path("config.json"), *FILES} == set(wanted)


@each_stage
def test_chalice_makes_each_role_of_the_policy_of_its_class_and_stage(stage: str) -> None:
    assert functions(stage) == {
        log_group(function).format(stage=stage).removeprefix("/aws/lambda/"): str(
            CHALICE / "policies" / stage / f"{kind}.json"
        )
        for kind, of in CLASSES.items()
        for function in of.functions
    }


def test_a_stage_without_policies_has_none_to_fall_back_to() -> None:
    assert not any(Path(file).exists() for file in functions("nobodys").values())


def test_every_function_is_of_one_class() -> None:
    pure = [function.name for function in app.pure_lambda_functions]
    functions = [API, *(source.name for source in app.event_sources), *pure]
    assert sorted(it for of in CLASSES.values() for it in of.functions) == sorted(functions)


@each_file
def test_no_action_is_allowed_by_a_wildcard(file: Path) -> None:
    assert [action for action, _, _ in allowed(file) if "*" in action] == []


@each_file
def test_a_policy_names_the_resources_of_its_stage(file: Path) -> None:
    for action, resource, _ in allowed(file):
        assert (resource == "*") == (action in NAMELESS), action
        if resource in {KEYS, "*"}:
            continue  # Keys have no names of ours: their aliases tell them apart, as below.
        _arn, _aws, _service, _region, _account, name = resource.split(":", 5)
        assert f"palyra-{file.parent.name}" in name.split("*")[0], resource


@pytest.mark.parametrize("kind", CLASSES)
def test_no_role_of_a_stage_reaches_another_stage(kind: str) -> None:
    for stage in NEIGHBOURS:
        policy = policy_files.policy(CLASSES[kind], stage)
        named = [arn for each in policy["Statement"] for arn in each["Resource"]]
        own = [arn for arn in named if arn not in {KEYS, "*"}]
        foreign = [name for other in NEIGHBOURS if other != stage for name in names_of(other)]
        assert [name for name in foreign for arn in own if fnmatchcase(name, arn)] == []
        assert [arn for arn in own if not any(fnmatchcase(it, arn) for it in names_of(stage))] == []


@each_file
def test_a_key_is_used_by_its_alias_alone(file: Path) -> None:
    for action, resource, condition in allowed(file):
        if action.startswith("kms:"):
            assert resource == KEYS
            same = condition["StringEquals"]
            assert same["kms:RequestAlias"].startswith(f"alias/palyra-{file.parent.name}-"), action
            assert same["aws:ResourceAccount"] == "${aws:PrincipalAccount}"
        else:
            assert ":kms:" not in resource


@each_stage
def test_the_api_can_neither_sign_nor_read_what_is_secret(stage: str) -> None:
    actions = {action for action, _, _ in allowed(Path("policies", stage, "api.json"))}
    assert [it for it in actions if it.startswith(("secretsmanager:", "ssm:"))] == []
    assert "kms:Sign" not in actions


def who_may(action: str, name: str) -> set[str]:
    """Return the classes whose table lets them do something with what a text names."""
    return {
        kind
        for kind, of in CLASSES.items()
        for grant in of.grants
        if action in grant.actions and name in f"{grant.resources} {grant.condition}"
    }


def test_only_the_issuer_signs_for_nodes_and_writes_whom_the_front_trusts() -> None:
    for slot in ("a", "b"):
        assert who_may("kms:Sign", f"-nodes-{slot}") == {"issuer"}
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert who_may(action, "-trust/*") <= {"issuer"}
    assert who_may("s3:PutObject", "-trust/*") == {"issuer"}


def test_only_the_api_and_the_sweep_may_ask_the_issuer() -> None:
    # A worker acts on others' words: who may invoke the issuer can ask it to sign.
    assert who_may("lambda:InvokeFunction", "-node_issuer") == {"api", "sweep"}
    assert who_may("lambda:InvokeFunction", "") == {"api", "sweep"}


@each_file
def test_no_function_makes_log_groups(file: Path) -> None:
    assert "logs:CreateLogGroup" not in {action for action, _, _ in allowed(file)}


@each_file
def test_a_bucket_is_one_of_this_account(file: Path) -> None:
    ours = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
    assert all(where == ours for action, _, where in allowed(file) if action.startswith("s3:"))


@each_file
def test_a_policy_is_short_enough_for_iam(file: Path) -> None:
    text = (CHALICE / file).read_text()
    assert len("".join(text.split())) < LARGEST_INLINE_POLICY
    sids = [statement["Sid"] for statement in statements(file)]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)


@pytest.fixture
def chalice(tmp_path: Path) -> Path:
    """A configuration of one stage, with something of its own in it."""
    config = {
        "version": "2.0",
        "stages": {"dev": {"lambda_timeout": 7, "lambda_functions": {"sweep": {"layers": ["a"]}}}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_stage_is_added_with_its_policies(chalice: Path) -> None:
    changed = policy_files.write(policy_files.files(CLASSES, ["dev", "team7"], chalice), chalice)
    assert len(changed) == 2 * len(CLASSES) + 1
    stage = json.loads((chalice / "config.json").read_text())["stages"]["team7"]
    assert stage["environment_variables"] == {"PALYRA_STAGE": "team7"}
    assert stage["lambda_functions"]["sweep"] == {"iam_policy_file": "policies/team7/sweep.json"}


def test_what_else_a_stage_says_is_kept(chalice: Path) -> None:
    policy_files.write(policy_files.files(CLASSES, ["dev"], chalice), chalice)
    stage = json.loads((chalice / "config.json").read_text())["stages"]["dev"]
    assert stage["lambda_timeout"] == 7
    assert stage["lambda_functions"]["sweep"]["layers"] == ["a"]


def test_what_is_current_is_not_written_again(chalice: Path) -> None:
    policy_files.write(policy_files.files(CLASSES, ["dev"], chalice), chalice)
    assert policy_files.write(policy_files.files(CLASSES, ["dev"], chalice), chalice) == []


def test_a_policy_of_no_stage_is_deleted(chalice: Path) -> None:
    policy_files.write(policy_files.files(CLASSES, ["dev", "team7"], chalice), chalice)
    gone = policy_files.write(policy_files.files(CLASSES, ["dev"], chalice), chalice)
    assert Path("policies/team7/sweep.json") in gone
    assert not list((chalice / "policies" / "team7").iterdir())


@pytest.mark.parametrize("name", ["Team7", "t", "7team", "team-7", "../dev"])
def test_the_command_refuses_a_name_that_no_resource_could_have(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["permissions", f"--stage={name}"])
    assert permissions.main() == 1
    assert capsys.readouterr().err.startswith("error: use 2 to 16 lower-case letters")


def test_the_command_finds_the_files_of_the_checkout_current(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["permissions"])
    assert permissions.main() == 0
    assert capsys.readouterr().out == "the policies of local, dev, prod are current\n"
