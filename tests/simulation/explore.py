"""Which schedules are run: all single faults, pairs, all orders of two processes, and random ones.

A schedule that violates an invariant is made smaller: entries are left out while it still does.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, combinations

from tests.simulation.faults import Schedule
from tests.simulation.recovery_flows import FLOWS
from tests.simulation.simulate import Result, Simulator
from tests.simulation.world import Turn

_CALLS_EACH = 6
_MOST_ATTEMPTS = 200


def single_faults(simulator: Simulator, flow: str, most: int | None = None) -> Iterator[Schedule]:
    """Yield each fault at each call of a flow in a calm world, or an even choice of so many.

    One at each call site that the choice leaves out comes on top.
    """
    calm = simulator.run(Schedule(flow, 0), traced=True)
    points = _points(calm)
    chosen = _even(points, most) if most else points
    reached = {calm.sites[at - 1] for at, _ in chosen}
    for at, which in points:
        if calm.sites[at - 1] not in reached:
            reached.add(calm.sites[at - 1])
            chosen.append((at, which))
    yield from (Schedule(flow, 0, (point,)) for point in chosen)


def a_fault_at_each_call(simulator: Simulator) -> Iterator[Schedule]:
    """Yield one fault at each call of each flow in a calm world."""
    for flow in FLOWS:
        for at in range(1, simulator.length(flow) + 1):
            yield Schedule(flow, 0, ((at, 0),))


def pairs_of_faults(simulator: Simulator, flow: str) -> Iterator[Schedule]:
    """Yield each fault at each call, together with each at each later call that it leads to."""
    for first in _points(simulator.run(Schedule(flow, 0))):
        exposed = simulator.run(Schedule(flow, 0, (first,)))
        for at, options in enumerate(exposed.options[first[0] :], first[0] + 1):
            for which in range(options):
                yield Schedule(flow, 0, (first, (at, which)))


def _points(calm: Result) -> list[tuple[int, int]]:
    return [(at, which) for at, number in enumerate(calm.options, 1) for which in range(number)]


def _even(points: Sequence[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    step = max(len(points) / most, 1)
    return [points[int(number * step)] for number in range(int(len(points) / step))]


def orders(flow: str, calls: int) -> Iterator[Schedule]:
    """Yield all orders of two processes' first six calls, and up to two changes beyond."""
    length = 2 * _CALLS_EACH
    for places in combinations(range(length), _CALLS_EACH):
        yield Schedule(flow, 0, order="".join("01"[at in places] for at in range(length)))
    for first in "01":
        for ends in combinations(range(1, calls), 2):
            yield Schedule(flow, 0, order=_alternating(first, (*ends, calls)))


class Orders:
    """Orders that were run: which others are the same run, byte for byte.

    Where an order wants a process that has ended, whoever came to the call goes on, as another
    order may have wanted. Who could go on at a call follows from who went on at those before it.
    """

    def __init__(self) -> None:
        # By who went on at the calls before.
        self._turns: dict[tuple[int, ...], Turn] = {}
        self._obeyed: set[tuple[int, ...]] = set()
        self._ended: set[tuple[int, ...]] = set()

    def knows(self, order: str) -> bool:
        """Return whether an order that was run is the same run as this one."""
        went: tuple[int, ...] = ()
        for digit in order:
            turn = self._turns.get(went)
            if turn is None:
                return went in self._ended
            went = (*went, turn.goes_on(int(digit)))
        return went in self._obeyed or went in self._ended

    def note(self, order: str, turns: Sequence[Turn]) -> None:
        """Note that an order was run, and who could go on at its calls: fewer, if it ended."""
        went: tuple[int, ...] = ()
        for digit, turn in zip(order, turns, strict=False):
            self._turns[went] = turn
            went = (*went, turn.goes_on(int(digit)))
        (self._obeyed if len(turns) == len(order) else self._ended).add(went)


def _alternating(first: str, ends: Iterable[int]) -> str:
    begin, order, turn = 0, "", int(first)
    for end in ends:
        order += str(turn) * (end - begin)
        begin, turn = end, 1 - turn
    return order


def at_random(simulator: Simulator, number: int, seed: int) -> Iterator[Schedule]:
    """Yield schedules by the weights of their flows, the same for the same seed."""
    chooser = random.Random(seed)
    names = list(FLOWS)
    weights = list(accumulate(FLOWS[name].weight for name in names))
    lengths = {name: max(simulator.length(name), 8) for name in names}
    for _ in range(number):
        name = chooser.choices(names, cum_weights=weights)[0]
        yield Schedule.random(name, lengths[name], chooser)


def shrunk(simulator: Simulator, failing: Schedule) -> Result:
    """Return the smallest schedule that can be found and violates the same invariant."""
    best = simulator.run(failing)
    wanted = best.violations[0].invariant
    for _ in range(_MOST_ATTEMPTS):
        for smaller in _smaller(best.schedule):
            result = simulator.run(smaller)
            if any(violation.invariant == wanted for violation in result.violations):
                best = result
                break
        else:
            return best
    return best


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    for name in ("faults", "switches"):
        entries = getattr(schedule, name)
        for left_out in range(len(entries)):
            yield schedule._replace(**{name: entries[:left_out] + entries[left_out + 1 :]})
    if schedule.order:
        yield schedule._replace(order=schedule.order[:-1])
    if schedule.seed:
        yield schedule._replace(seed=0)
        # One of the first worlds may do as well, and says less of chance.
        yield from (schedule._replace(seed=seed) for seed in range(1, 4) if seed < schedule.seed)
