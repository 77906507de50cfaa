"""Liveness: from any state, a world without further faults comes to a good end.

One fair schedule is followed: ticks first, then workers, messages, sweeps, and time last. It is a
function of the state, so a state that is known to end well is never followed again.
"""

from collections.abc import Iterator

from tests.model import claim, faults, process, sweep, tick
from tests.model.invariants import OF_A_STATE, OF_THE_END, broken_in
from tests.model.rules import World
from tests.model.state import CLOSED, PAUSED, QUEUED, RUNNING, Budget, Label, State, Step
from tests.model.step_invariants import broken_by

_NO_FAULTS = Budget()
_LONGEST = 400


class Completion:
    """Follows states to their end, and remembers which end well."""

    def __init__(self, world: World) -> None:
        """Take the world; nothing is known yet."""
        bounds = world.configuration
        self._world = world._replace(configuration=bounds._replace(workers=max(1, bounds.workers)))
        self._ends_well: set[State] = set()

    def failure(self, state: State) -> tuple[str, list[str]] | None:
        """Return the invariant that is broken on the way to the end or there, and the way."""
        state = state._replace(budget=_NO_FAULTS)
        path: list[State] = []
        labels: list[Label] = []
        while state not in self._ends_well:
            path.append(state)
            step = next(fair_steps(self._world, state), None)
            if step is None:
                name = broken_in(self._world, state, OF_THE_END)
                if name:
                    return name, _way(labels)
                break
            labels.append(step.label)
            name = broken_by(self._world, state, *step)
            name = name or broken_in(self._world, step.after, OF_A_STATE)
            if name or len(path) > _LONGEST:
                return name or "i3_every_row_ends", _way(labels)
            state = step.after
        self._ends_well.update(path)
        return None


def fair_steps(world: World, state: State) -> Iterator[Step]:
    """Yield what is due next in a fair schedule; the first is what happens."""
    for one in state.ticks:
        yield tick.step(world, state, one)
    for worker in state.workers:
        if world.configuration.poison and worker.at == "begin":
            yield Step(Label("CRASH: poison", worker.row), state.without_worker(worker))
        yield from process.worker_steps(world, state, worker)
    yield from _free(tick.reads(world, state._replace(budget=Budget(ticks=1))))
    yield from claim.deliveries(world, state)
    yield from _time_of_rows(state)
    yield from _sweep(world, state)
    if world.is_job and state.clock < world.configuration.end:
        yield Step(Label(f"clock {state.clock + 1}"), faults.passes(world, state))
    yield from _loose_ends(state)


def _free(steps: Iterator[Step]) -> Iterator[Step]:
    return (Step(label, after._replace(budget=_NO_FAULTS)) for label, after in steps)


def _time_of_rows(state: State) -> Iterator[Step]:
    """Back-offs end; nobody is at work any more, so the leases of running rows end as well."""
    for number in sweep.open_rows(state):
        row = state.row(number)
        if row.resting and row.state == QUEUED:
            yield Step(Label("rest over", number), faults.rests_no_longer(state, number))
        if row.state == RUNNING and not row.lease_over:
            yield Step(Label("lease over", number), faults.lease_ends(state, number))


def _sweep(world: World, state: State) -> Iterator[Step]:
    """A whole pass: what is to be ended is ended; then all messages are sent."""
    sent = state
    for number in sweep.open_rows(state):
        action = sweep.decision(world, state.row(number))
        if action == sweep.SEND:
            sent = sent.with_message(number)
        elif action:
            after = sweep.take(world, state, number, action)
            yield Step(Label(f"sweep reads: {action}", number), after)
    if sent is not state:
        yield Step(Label("sweep sends all"), sent)


def _loose_ends(state: State) -> Iterator[Step]:
    """The operator resumes what is paused; a message comes once more for what is not concluded."""
    for number, row in enumerate(state.rows):
        if row is None:
            continue
        if row.state == PAUSED:
            resumed = state.with_row(number, row._replace(state=QUEUED)).with_message(number)
            yield Step(Label("operator: resume task", number), resumed)
        elif not row.is_live and not row.concluded and row.state != CLOSED:
            yield Step(Label("message again", number), state.with_message(number))


def _way(labels: list[Label]) -> list[str]:
    return ["-- no more faults, fair completion:", *map(str, labels)]
