"""Each trigger as Lambda starts it: its own module in a new process, and not app.py."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
WORKERS = [("chalicelib.functions.queues", f"worker_{lane}") for lane in ("high", "normal", "low")]
DEAD_LETTERS = ("chalicelib.functions.dead_letters", "dead_letter_normal")
SWEEP = ("chalicelib.functions.sweeps", "sweep")
SEAL = ("chalicelib.functions.seals", "journal_seal")
ISSUER = ("chalicelib.functions.issuer", "node_issuer")
TICK = ("chalicelib.functions.schedules", "cron_tick")
START = """
import importlib, json, socket, sys
import botocore.session

def refuse(*_arguments, **_named):
    raise AssertionError("nothing may talk to AWS before it must")

botocore.session.Session.create_client = refuse
socket.socket.connect = refuse

module, name = sys.argv[1:]
handler = getattr(importlib.import_module(module), name)
modules = sorted(sys.modules)

from chalicelib.functions.wiring import container as wiring
wiring.BAKED = wiring.BAKED.with_name("no.toml")  # The defaults, whatever the checkout sets.
from chalicelib.functions.wiring.container import container, courier
wired = {"lanes": sorted(courier(container()).lanes)}
if name.startswith("worker"):
    from chalicelib.functions.wiring.workers import runs, worker
    wired["kinds"] = sorted(worker(container(), name.rpartition("_")[2]).kinds)
    wired["tools"] = runs(container()).tools.names()
if name == "sweep":
    from chalicelib.functions.wiring.node_upkeep import collector
    from chalicelib.functions.wiring.sweeping import sweep
    wired["kinds"] = sorted(sweep(container()).aftermath.conclusions)
    wired["shards"] = collector(container()).shards
if name == "cron_tick":
    from chalicelib.functions.wiring.ticks import tick
    wired["shards"] = tick(container()).handover.shards
if name == "node_issuer":
    from chalicelib.functions.wiring.issuer import issuer
    wired["slots"] = sorted(issuer(container()).authorities.signers)
if name == "dead_letter_normal":
    from chalicelib.functions.wiring.dead_letters import dead_letters
    dead_letters(container())
print(json.dumps({"callable": callable(handler), "modules": modules, "wired": wired}))
"""
LANES = ["high", "low", "normal"]
each_trigger = pytest.mark.parametrize(
    "trigger", [TICK, SWEEP, SEAL, *WORKERS, DEAD_LETTERS], ids=lambda it: it[1]
)


@cache
def started(module: str, name: str) -> dict[str, Any]:
    """Start a trigger without any credentials; return what it says of itself."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START, module, name],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@each_trigger
def test_a_trigger_starts_without_app_and_without_aws(trigger: tuple[str, str]) -> None:
    assert started(*trigger)["callable"]
    assert "app" not in started(*trigger)["modules"]


@each_trigger
@pytest.mark.parametrize(
    "heavy", ["boto3", "pydantic", "cryptography", "moto", "pytest", "chalicelib.functions.http"]
)
def test_a_trigger_does_not_load_what_it_never_uses(trigger: tuple[str, str], heavy: str) -> None:
    assert heavy not in started(*trigger)["modules"]


def test_the_issuer_starts_without_app_and_without_aws() -> None:
    assert started(*ISSUER)["callable"]
    assert "app" not in started(*ISSUER)["modules"]
    assert started(*ISSUER)["wired"]["slots"] == ["a", "b"]


@pytest.mark.parametrize("heavy", ["boto3", "pydantic", "cedarpy", "chalicelib.functions.http"])
def test_the_issuer_does_not_load_what_it_never_uses(heavy: str) -> None:
    assert heavy not in started(*ISSUER)["modules"]


RUNS_NEED = ["cedarpy", "rfc8785", "chalicelib.runs", "chalicelib.journal", "chalicelib.policy"]


@pytest.mark.parametrize("heavy", [*RUNS_NEED, "chalicelib.incidents"])
def test_a_tick_does_not_load_what_runs_need(heavy: str) -> None:
    assert heavy not in started(*TICK)["modules"]


@pytest.mark.parametrize("heavy", [*RUNS_NEED, "chalicelib.scheduler.dispatch"])
def test_dead_letters_do_not_load_what_runs_need(heavy: str) -> None:
    assert heavy not in started(*DEAD_LETTERS)["modules"]


@pytest.mark.parametrize("heavy", ["cedarpy", "chalicelib.scheduler.dispatch"])
def test_a_sweep_does_not_load_what_begins_runs(heavy: str) -> None:
    assert heavy not in started(*SWEEP)["modules"]


FEW_TASKS_NEED = [
    *("chalicelib.background.erasure", "chalicelib.background.journal_export"),
    *("chalicelib.journal.search", "chalicelib.journal.verification", "chalicelib.nodes"),
    "chalicelib.healing.doctor.doctor",
]


@pytest.mark.parametrize(
    "heavy",
    [*FEW_TASKS_NEED, "cedarpy", "chalicelib.background.service", "chalicelib.background.sweep"],
)
def test_a_worker_does_not_load_what_it_may_not_need(heavy: str) -> None:
    assert heavy not in started(*WORKERS[0])["modules"]


@pytest.mark.parametrize("worker", WORKERS, ids=lambda it: it[1])
def test_a_worker_of_any_lane_knows_all_lanes_kinds_and_tools(worker: tuple[str, str]) -> None:
    assert started(*worker)["wired"] == {
        "lanes": LANES,
        "kinds": [
            *("background_prompt", "doctor", "erasure", "firing"),
            *("journal_export", "journal_verify"),
        ],
        "tools": ["journal.search", "node.invoke", "system.health"],
    }


def test_a_sweep_knows_its_lanes_and_kinds() -> None:
    kinds = ["background_prompt", "firing"]
    assert started(*SWEEP)["wired"] == {"lanes": LANES, "kinds": kinds, "shards": 4}


def test_a_tick_knows_its_lanes_and_shards() -> None:
    assert started(*TICK)["wired"] == {"lanes": LANES, "shards": 4}
