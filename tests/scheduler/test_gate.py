"""The gate, obeyed by ticks, claims and sweeps."""

from datetime import timedelta

from chalicelib.background.task import State
from chalicelib.functions.wiring import api
from tests.support.world import MINUTE, NOON, World


class Gate:
    """The gate in the hands of an operator."""

    def __init__(self, world: World) -> None:
        self.service = api.gate(api_container(world))

    def close(self) -> None:
        self.service.close("main", "token:test")

    def open(self) -> None:
        self.service.open("main", "token:test")


def api_container(world: World) -> object:
    from chalicelib.functions.wiring.container import Container  # noqa: PLC0415 - as tests make one

    return Container(settings=world.settings, clock=world.clock, random_bytes=lambda n: b"x" * n)


def test_what_comes_due_under_the_gate_is_paused_in_one_row(world: World) -> None:
    gate, job = Gate(world), world.job("10m")
    world.at(5)
    gate.close()
    for minutes in (10, 20, 30):
        world.at(minutes)
        assert world.services.tick.run()["gated"] == 1
    assert world.ledger(job) == {}
    world.at(35)
    gate.open()

    world.services.tick.run()

    assert world.ledger(job) == {"12:10:00": "paused"}
    row = world.task(world.ref(job, 10))
    assert (row.last, row.reason) == (world.ref(job, 30).sk, "everything was paused")


def test_a_slot_that_was_handed_over_and_comes_due_under_the_gate_is_paused(world: World) -> None:
    gate, job = Gate(world), world.job("2m")
    world.at(1)
    gate.close()
    world.at(2)

    world.services.handle(world.ref(job, 2))

    assert world.task(world.ref(job, 2)).outcome == "paused"


def test_work_that_was_due_before_waits_and_is_not_lost(world: World) -> None:
    gate, job = Gate(world), world.job("2m")
    world.at(2)
    gate.close()
    world.clock.move(timedelta(seconds=1))
    world.services.handle(world.ref(job, 2))
    assert world.task(world.ref(job, 2)).state is State.QUEUED
    world.at(4)
    assert world.services.swept()["wait"] >= 1
    gate.open()
    world.clock.move(10 * MINUTE)
    assert world.services.swept()["send"] >= 1

    world.services.handle(world.ref(job, 2))

    assert world.task(world.ref(job, 2)).state is State.SUCCEEDED


def test_work_begins_again_within_five_seconds(world: World) -> None:
    gate, job = Gate(world), world.job("2m")
    world.at(2)
    gate.close()
    gate.open()
    world.services.worker.gate.gate()

    world.services.handle(world.ref(job, 2))

    assert world.task(world.ref(job, 2)).state is State.SUCCEEDED


def test_the_gate_is_read_once_in_five_seconds(world: World) -> None:
    gate, watch = Gate(world), world.services.worker.gate
    watch.gate()
    gate.close()
    world.clock.move(timedelta(seconds=4))
    assert watch.gate().closed("main") is None
    world.clock.move(timedelta(seconds=1))

    assert watch.gate().closed("main") is not None
    assert world.clock.now() == NOON + timedelta(seconds=5)
