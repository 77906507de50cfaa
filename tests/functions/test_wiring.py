import os

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.functions.wiring.container import Container, container
from chalicelib.functions.wiring.sweeps import conclusions, journal
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.functions.wiring.workers import kinds, worker
from chalicelib.settings import Settings
from tests.support.world import TestClock, World


def a_container() -> Container:
    return Container(settings=Settings(), clock=TestClock(), random_bytes=os.urandom)


@pytest.mark.usefixtures("container")
def test_a_container_is_made_once() -> None:
    assert container() is container()


def test_a_container_makes_each_of_its_parts_once() -> None:
    one, other = a_container(), a_container()
    assert worker(one) is worker(one)
    assert worker(one) is not worker(other)
    assert worker(one).journal is journal(one)


def test_settings_reach_the_rooms(world: World) -> None:
    made = world.container(lease_seconds=3, max_attempts=7, shards=2)
    assert made.sweep.work.lease.total_seconds() == 3
    assert (made.jobs.max_attempts, made.sweep.shards, made.tick.handover.shards) == (7, 2, 2)


@pytest.mark.usefixtures("container")
def test_a_container_with_a_bad_setting_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("PALYRA_SHARDS", "many")
        with pytest.raises(InvalidSettings):
            container()
    assert container().settings.shards == 4


@pytest.mark.usefixtures("world")
def test_the_health_of_every_room_is_asked() -> None:
    tool = toolbox(a_container()).find("system.health")
    assert tool is not None
    assert set(tool.call("main", {})) == {"background", "scheduler"}


def test_the_sweep_can_conclude_every_kind_that_workers_know() -> None:
    one = a_container()
    assert set(conclusions(one)) == set(kinds(one))
    assert all(kind.conclusion is conclusions(one)[name] for name, kind in kinds(one).items())
