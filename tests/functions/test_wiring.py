import os

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.functions.wiring.api import tasks
from chalicelib.functions.wiring.container import Container, container
from chalicelib.functions.wiring.sweeping import sweep
from chalicelib.functions.wiring.sweeps import aftermath, cancellation, journal
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.functions.wiring.workers import kinds, worker
from chalicelib.runs.tools import Invocation
from chalicelib.settings import Settings
from tests.support.world import TestClock, World


def a_container() -> Container:
    return Container(settings=Settings(), clock=TestClock(), random_bytes=os.urandom)


@pytest.mark.usefixtures("container")
def test_a_container_is_made_once() -> None:
    assert container() is container()


def test_a_container_makes_each_of_its_parts_once() -> None:
    one, other = a_container(), a_container()
    assert worker(one, "high") is worker(one, "high")
    assert worker(one, "high") is not worker(other, "high")
    assert worker(one, "high").journal is journal(one)


def test_settings_reach_the_rooms(world: World) -> None:
    made = world.container(lease_seconds=3, max_attempts=7, shards=2)
    assert made.sweep.work.lease.total_seconds() == 3
    assert made.jobs.max_attempts == made.tasks.max_attempts == 7
    assert made.worker.follow_ups.last_attempt == 6
    assert (made.sweep.shards, made.tick.handover.shards, made.tasks.maker.shards) == (2, 2, 2)


def test_the_limits_of_delegation_are_settings(world: World) -> None:
    made = world.container(delegation_depth=1, delegation_children=2, delegation_total=4)
    assert made.worker.places.limits[:3] == made.tasks.limits[:3] == (1, 2, 4)
    assert (made.worker.places.limits.concurrent, made.tasks.limits.groups) == (2, 2)


def test_the_pace_of_workers_and_sweeps_is_a_setting(world: World) -> None:
    made = world.container(cancel_grace_seconds=7, delegation_timeout_seconds=11)
    assert made.sweep.pace == made.worker.pace == made.tasks.pace
    assert [made.sweep.pace.grace.total_seconds(), made.sweep.pace.child_timeout.seconds] == [7, 11]
    assert world.container(retry_base_seconds=3, max_hops=5).worker.most_hops == 5


@pytest.mark.usefixtures("container")
def test_a_container_with_a_bad_setting_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("PALYRA_SCHEDULER_SHARDS", "many")
        with pytest.raises(InvalidSettings):
            container()
    assert container().settings.shards == 4


@pytest.mark.usefixtures("world")
def test_the_health_of_every_room_is_asked() -> None:
    tool = toolbox(a_container()).find("system.health")
    assert tool is not None
    assert set(tool.call(Invocation("main", "R#1", {}))) == {"background", "scheduler"}


def test_the_workers_of_a_container_share_all_but_their_lane() -> None:
    one = a_container()
    high, low = worker(one, "high"), worker(one, "low")
    assert (high.lane, low.lane) == ("high", "low")
    assert (high.kinds, high.courier, high.journal) == (low.kinds, low.courier, low.journal)


def test_what_ends_tasks_has_one_aftermath() -> None:
    one = a_container()
    ways = (worker(one, "normal"), sweep(one), tasks(one), cancellation(one))
    assert {id(way.aftermath) for way in ways} == {id(aftermath(one))}


def test_whoever_ends_a_task_can_conclude_every_kind_that_workers_know() -> None:
    one = a_container()
    concluded, otherwise = aftermath(one).conclusions, aftermath(one).otherwise
    assert set(concluded) < set(kinds(one))
    for name, kind in kinds(one).items():
        assert kind.conclusion is concluded.get(name, otherwise)


def test_operators_can_make_no_kind_that_workers_do_not_know() -> None:
    one = a_container()
    assert set(tasks(one).kinds) < set(kinds(one))
