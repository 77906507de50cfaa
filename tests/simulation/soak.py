"""A soak: days on end in one world, a tick and a sweep every minute, and faults now and then."""

import random
from datetime import timedelta
from typing import NamedTuple

from tests.simulation.checker import Violation
from tests.simulation.faults import Schedule
from tests.simulation.flows import a_job, create_by, deliver, operate, sweep_by
from tests.simulation.simulate import Simulator, recover
from tests.simulation.world import MINUTE

_ONE_CALL_IN = 60
_ONE_SWITCH_IN = 400
_MINUTES_A_DAY = 24 * 60
_TASK_EVERY = 45


class Soaked(NamedTuple):
    """What came of a soak."""

    days: int
    calls: int
    faults: int
    violations: tuple[Violation, ...]


class Sometimes(dict[int, int]):
    """What goes wrong with calls: one in so many, by chance."""

    def __init__(self, one_in: int, kinds: int, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)
        self._one_in = one_in
        self._kinds = kinds

    def get(self, _number: int, _otherwise: object = None) -> int | None:  # type: ignore[override]
        return self.pop(_number, None)

    def pop(self, _number: int, _otherwise: object = None) -> int | None:  # type: ignore[override]
        if self._chance.randrange(self._one_in):
            return None
        return self._chance.randrange(self._kinds)


def soak(simulator: Simulator, days: int, seed: int) -> Soaked:
    """Let a world with an hourly job and a task now and then run for days."""
    world = simulator.world
    with simulator.installed():
        world.begin(Schedule("soak", seed))
        a_job(world, seconds=3_600)
        world.functions.sweeping(("normal",))
        world.arm(Schedule("soak", seed))
        world.faults = Sometimes(_ONE_CALL_IN, 60, seed)
        world.switches = Sometimes(_ONE_SWITCH_IN, 8, seed + 1)
        world.most_calls = days * _MINUTES_A_DAY * 100
        for minute in range(days * _MINUTES_A_DAY):
            functions = world.functions
            world.invoke(functions.tick, functions.tick.tick.run)
            sweep_by(world, functions.sweep)
            if minute % _TASK_EVERY == 0:
                operate(world, lambda api: create_by(api, "sim.look"))
            deliver(world)
            world.settle()
            world.pass_time(MINUTE)
        faults = sum(world.applied.values())
        world.disarm()
        recover(world, ticks=False)
        world.pass_time(timedelta(hours=1))
        world.checker.at_rest()
    return Soaked(days, world.calls, faults, tuple(world.checker.violations))
