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
WORKER = ("chalicelib.functions.queues", "worker_normal")
SWEEP = ("chalicelib.functions.sweeps", "sweep")
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

from chalicelib.functions.wiring.container import container, queues
wired = {"lanes": sorted(queues(container()))}
if name == "worker_normal":
    from chalicelib.functions.wiring.workers import runs, worker
    wired["kinds"] = sorted(worker(container()).kinds)
    wired["tools"] = runs(container()).tools.names()
if name == "sweep":
    from chalicelib.functions.wiring.sweeps import sweep
    wired["kinds"] = sorted(sweep(container()).conclusions)
if name == "cron_tick":
    from chalicelib.functions.wiring.ticks import tick
    wired["shards"] = tick(container()).handover.shards
print(json.dumps({"callable": callable(handler), "modules": modules, "wired": wired}))
"""
each_trigger = pytest.mark.parametrize("trigger", [TICK, SWEEP, WORKER], ids=lambda it: it[1])


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


@pytest.mark.parametrize("heavy", ["cedarpy", "rfc8785", "chalicelib.runs", "chalicelib.journal"])
def test_a_tick_does_not_load_what_runs_need(heavy: str) -> None:
    assert heavy not in started(*TICK)["modules"]


def test_a_worker_knows_its_lane_kinds_and_tools() -> None:
    assert started(*WORKER)["wired"] == {
        "lanes": ["normal"],
        "kinds": ["firing"],
        "tools": ["system.health"],
    }


def test_a_sweep_knows_its_lanes_and_kinds() -> None:
    assert started(*SWEEP)["wired"] == {"lanes": ["normal"], "kinds": ["firing"]}


def test_a_tick_knows_its_lanes_and_shards() -> None:
    assert started(*TICK)["wired"] == {"lanes": ["normal"], "shards": 4}
