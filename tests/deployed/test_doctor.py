"""The doctor on what is really deployed: it finds what is wrong, mends it, and puts it back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from chalicelib.clock import to_ms
from infra.local.place import CHECKOUT
from tests.deployed.cloud import Cloud, deployed_name, eventually
from tests.deployed.driver import Item, instant, main, rows

MOST = timedelta(seconds=10)
# What a local cloud does not do as AWS does.
UNKNOWN_HERE = {
    "tables.encryption",
    "functions.policies",
    "functions.errors",
    "buckets.attributes",
}
RULE = "palyra-local-sweep-event"
GUARDED = "worker_low"
PLANTED = {"functions.triggers", "functions.recursion", "work.heartbeats"}
HOUR = timedelta(hours=1)
_PALYRA = "from cli.main import main; main()"


class Said(NamedTuple):
    """What `palyra doctor` said, and its exit code."""

    code: int
    document: Item

    def verdicts(self, *which: str) -> set[str]:
        """Return the checks that came to one of some verdicts."""
        return {each["key"] for each in self.document["findings"] if each["verdict"] in which}

    @property
    def outcomes(self) -> dict[str, str]:
        """Return what became of each change, by its check."""
        return {change["check"]: change["outcome"] for change in self.document["changes"]}


def doctor(cloud: Cloud, *arguments: str) -> Said:
    """Run `palyra doctor`, as the admin of `main`."""
    of_caller = {name: text for name, text in os.environ.items() if name != "STATE"}
    done = subprocess.run(
        [sys.executable, "-c", _PALYRA, "doctor", *arguments, "--json"],
        cwd=CHECKOUT,
        env=of_caller | {"PALYRA_URL": cloud.api, "PALYRA_TOKEN": cloud.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return Said(done.returncode, json.loads(done.stdout))


@pytest.fixture(scope="module")
def functions(cloud: Cloud) -> Any:
    return cloud.client("lambda")


@pytest.fixture(scope="module")
def heartbeat(cloud: Cloud) -> Item:
    """The row of a heartbeat that was left by a task that has ended."""
    body = {"kind": "background_prompt", "payload": {"prompt": "How is it?"}}
    task = main(cloud).post("/v1/tasks", body).json()["id"]
    eventually(lambda: rows(cloud).task(task)["state"] == "succeeded", seconds=30, pause=0.2)
    heard = datetime.now(UTC) - HOUR
    row: Item = {"pk": "main#background_task", "sk": task, "stale_shard": "0", "token": 1}
    row |= {"updated_at": to_ms(heard), "summary": "it works"}
    return row | {"ttl": int((heard + 24 * HOUR).timestamp())}


@pytest.fixture(scope="module")
def planted(cloud: Cloud, functions: Any, heartbeat: Item) -> Iterator[None]:
    """A schedule switched off, a guard left on, and a heartbeat left behind."""
    cloud.client("events").disable_rule(Name=RULE)
    guard(functions, "Terminate")
    rows(cloud).put("heartbeats", heartbeat)
    yield
    cloud.client("events").enable_rule(Name=RULE)
    guard(functions, "Allow")
    key = {name: {"S": heartbeat[name]} for name in ("pk", "sk")}
    cloud.client("dynamodb").delete_item(TableName="palyra-local-heartbeats", Key=key)


@pytest.fixture(scope="module")
def fixed(cloud: Cloud, planted: None) -> Said:
    del planted
    return doctor(cloud, "--fix", "--yes")


def guard(functions: Any, to: str) -> None:
    functions.put_function_recursion_config(FunctionName=deployed_name(GUARDED), RecursiveLoop=to)


def guarded(functions: Any) -> str:
    config = functions.get_function_recursion_config(FunctionName=deployed_name(GUARDED))
    return str(config["RecursiveLoop"])


def test_nothing_fails_where_nothing_is_wrong(cloud: Cloud) -> None:
    said = doctor(cloud)

    assert said.code == 0
    assert said.verdicts("failed") == set()
    assert said.verdicts("unknown") <= UNKNOWN_HERE
    assert len(said.document["findings"]) == said.document["checks"] >= len(UNKNOWN_HERE) + 15


def test_an_examination_takes_ten_seconds_at_most(cloud: Cloud) -> None:
    # Others use the machine, too: the quickest of three is what it takes.
    assert min(took(doctor(cloud)) for _ in range(3)) <= MOST


def took(said: Said) -> timedelta:
    return instant(said.document["updated_at"]) - instant(said.document["begun_at"])


def test_what_is_wrong_is_found_and_nothing_is_changed_by_looking(
    cloud: Cloud, functions: Any, planted: None
) -> None:
    del planted
    said = doctor(cloud)

    assert said.code == 1
    assert said.verdicts("failed", "warning") >= PLANTED
    assert said.outcomes == dict.fromkeys(PLANTED, "planned")
    assert guarded(functions) == "Terminate"


def test_a_fix_mends_it_and_looks_again(cloud: Cloud, functions: Any, fixed: Said) -> None:
    rule = cloud.client("events").describe_rule(Name=RULE)

    assert fixed.code == 0
    assert fixed.outcomes == dict.fromkeys(PLANTED, "done")
    assert fixed.verdicts("ok") >= PLANTED
    assert (rule["State"], guarded(functions)) == ("ENABLED", "Allow")
    assert doctor(cloud).verdicts("failed", "warning") & PLANTED == set()


def test_each_change_stands_in_the_journal_once(cloud: Cloud, fixed: Said) -> None:
    told = main(cloud).get("/v1/journal", kind="doctor.fixed").json()["items"]

    of_this = [each for each in told if each["subject"] == fixed.document["task_id"]]
    assert {each["details"]["check"] for each in of_this} == PLANTED
    assert len(of_this) == len(PLANTED)


def test_what_can_be_put_back_is_put_back(cloud: Cloud, functions: Any, fixed: Said) -> None:
    undone = doctor(cloud, "undo", fixed.document["task_id"])

    rule = cloud.client("events").describe_rule(Name=RULE)
    assert undone.code == 0
    assert undone.outcomes["functions.recursion"] == undone.outcomes["work.heartbeats"] == "done"
    assert (rule["State"], guarded(functions)) == ("ENABLED", "Terminate")
