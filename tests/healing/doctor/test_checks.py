import time
from contextlib import nullcontext
from typing import Any

import pytest

from chalicelib.healing.doctor.catalogue import CHECKS, KEYS
from chalicelib.healing.doctor.check import Verdict
from tests.functions.conftest import container
from tests.functions.invoke import journal_seal
from tests.healing.doctor import node_plants
from tests.healing.doctor.plants import PLANTS
from tests.support.stage import Stage

__all__ = ["container"]
each_check = pytest.mark.parametrize("key", KEYS)


@pytest.fixture(autouse=True)
def _on_the_worlds_clock(container: Any) -> None:
    """Let functions that a plant invokes see the world's clock."""


def at_work(stage: Stage) -> None:
    """Let a job run, and be sealed, so that the checks have something to look at."""
    world = stage.world
    job, _ = world.job(), node_plants.a_node(stage)
    for minutes in (1, 2):
        world.at(minutes)
        world.services.tick.run()
        world.services.handle(world.ref(job, minutes))
    journal_seal()


def test_a_healthy_stage_is_all_green_in_time(stage: Stage) -> None:
    at_work(stage)
    # Of this process alone: whatever else the machine does is not the doctor's.
    begun = time.process_time()
    looks = {check.key: stage.look(check.key) for check in CHECKS}
    took = time.process_time() - begun
    assert {key: look for key, look in looks.items() if look.verdict is not Verdict.OK} == {}
    assert all(look.seen and not look.steps for look in looks.values())
    assert took < 10


@each_check
def test_a_check_fails_when_its_cause_is_planted(stage: Stage, key: str) -> None:
    plant = PLANTS[key]
    lasting = plant.cause(stage)
    with lasting if hasattr(lasting, "__enter__") else nullcontext():
        look = stage.look(key)
    assert (look.verdict, plant.told in " ".join((look.seen, *look.evidence))) == (
        plant.verdict,
        True,
    ), look


def test_every_check_has_a_cause_and_says_what_to_do() -> None:
    assert set(PLANTS) == set(KEYS)
    assert len(KEYS) == len(set(KEYS)) >= 15
    for check in CHECKS:
        assert check.asks.endswith("?")
        assert check.means.endswith(".")
        assert len(check.fix) > 10
