"""Breadth-first exploration: every state within the bounds, the shortest trace to what is wrong."""

import gc
from collections import deque
from typing import NamedTuple

from tests.model.completion import Completion
from tests.model.invariants import OF_A_STATE, broken_in
from tests.model.process import transitions
from tests.model.rules import World
from tests.model.start import first_state
from tests.model.state import Label, State
from tests.model.step_invariants import broken_by

STATE_CAP = 1_500_000


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


class Exploration:
    """The states that were reached, each with the step that first led to it."""

    def __init__(self, world: World) -> None:
        """Begin with the world's first state."""
        start = first_state(world)
        self._world = world
        self._completion = Completion(world)
        self._reached: dict[State, tuple[State | None, Label]] = {start: (None, Label(""))}
        self._waiting = deque([(start, 0)])
        self._transitions = 0
        self._found: Violation | None = None

    def run(self, cap: int) -> Result:
        """Explore until an invariant is broken, nothing is left, or the cap is reached.

        What is broken in a completion is kept until no step can break anything sooner.
        """
        while self._waiting and len(self._reached) <= cap:
            state, depth = self._waiting.popleft()
            if self._found is not None and len(self._found.trace) <= depth + 1:
                break
            violation = self._expand(state, depth)
            if violation is not None:
                self._found = violation
                break
        complete = not self._waiting and self._found is None
        return Result(len(self._reached), self._transitions, complete, self._found)

    def _expand(self, state: State, depth: int) -> Violation | None:
        """Look at a state, at how it ends without faults, and at every step from it."""
        world, reached = self._world, self._reached
        if name := broken_in(world, state, OF_A_STATE):
            return Violation(name, self._trace(state))
        if failure := self._completion.failure(state):
            self._note(failure, state)
        for label, after in transitions(world, state):
            self._transitions += 1
            if name := broken_by(world, state, label, after):
                return Violation(name, (*self._trace(state), str(label)))
            way = (state, label)
            if reached.setdefault(after, way) is way:
                self._waiting.append((after, depth + 1))
        return None

    def _note(self, failure: tuple[str, list[str]], state: State) -> None:
        name, way = failure
        trace = (*self._trace(state), *way)
        if self._found is None or len(trace) < len(self._found.trace):
            self._found = Violation(name, trace)

    def _trace(self, state: State) -> tuple[str, ...]:
        labels: list[str] = []
        before, label = self._reached[state]
        while before is not None:
            labels.append(str(label))
            before, label = self._reached[before]
        return tuple(reversed(labels))


def explore(world: World, cap: int = STATE_CAP) -> Result:
    """Explore a world.

    Tuples of tuples have no cycles, so the collector, which would look at all of them again and
    again, is off meanwhile.
    """
    gc.disable()
    try:
        return Exploration(world).run(cap)
    finally:
        gc.enable()
