"""Breadth-first exploration: every state within the bounds, the shortest trace to what is wrong."""

from collections import deque
from typing import NamedTuple

from tests.model.completion import Completion
from tests.model.invariants import broken
from tests.model.process import transitions
from tests.model.rules import World
from tests.model.start import first_state
from tests.model.state import Label, State

STATE_CAP = 1_500_000
_Parents = dict[State, tuple[State, Label] | None]


class Violation(NamedTuple):
    """An invariant that does not hold, and the shortest way to where it does not."""

    invariant: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        """Return the trace in the form of the protocol's part 2."""
        return f"{self.invariant}: {'; '.join(self.trace)}"


class Result(NamedTuple):
    """What an exploration found; it is complete if every reachable state was expanded."""

    states: int
    transitions: int
    complete: bool
    violation: Violation | None = None


def explore(world: World, cap: int = STATE_CAP) -> Result:
    """Explore a world until an invariant is broken, nothing is left, or the cap is reached."""
    start = first_state(world)
    completion = Completion(world)
    parents: _Parents = {start: None}
    waiting = deque([start])
    count = 0
    while waiting:
        state = waiting.popleft()
        failure = completion.failure(state)
        if failure:
            return Result(len(parents), count, False, _in_completion(parents, state, *failure))
        for label, after in transitions(world, state):
            count += 1
            name = broken(world, state, label, after)
            if name:
                trace = (*_trace(parents, state), str(label))
                return Result(len(parents), count, False, Violation(name, trace))
            if after not in parents:
                parents[after] = (state, label)
                waiting.append(after)
        if len(parents) > cap:
            return Result(len(parents), count, complete=False)
    return Result(len(parents), count, complete=True)


def _in_completion(
    parents: _Parents, state: State, invariant: str, labels: list[Label]
) -> Violation:
    way = (*_trace(parents, state), "-- no more faults, fair completion:", *map(str, labels))
    return Violation(invariant, way)


def _trace(parents: _Parents, state: State) -> tuple[str, ...]:
    labels: list[str] = []
    step = parents[state]
    while step is not None:
        state, label = step
        labels.append(str(label))
        step = parents[state]
    return tuple(reversed(labels))
