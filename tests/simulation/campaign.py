"""A campaign: a fault at each call, then many random schedules, summed up in one line of JSON."""

import gc
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from typing import Any

from tests.simulation.explore import a_fault_at_each_call, at_random, shrunk
from tests.simulation.faults import Schedule
from tests.simulation.simulate import Result, Simulator
from tests.simulation.sites import all_sites

_CHUNK = 2_500
_MOST_SHOWN = 5
_TRACE_BYTES = 8


@dataclass
class Sum:
    """What came of some schedules."""

    schedules: int = 0
    calls: int = 0
    hours: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    flows: Counter[str] = field(default_factory=Counter)
    faulted: set[str] = field(default_factory=set)
    traces: set[bytes] = field(default_factory=set)
    failing: list[tuple[str, str]] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add a schedule."""
        self.schedules += 1
        self.calls += result.calls
        self.hours += result.hours
        self.faults += result.faults
        self.flows[result.schedule.flow] += 1
        self.faulted |= result.faulted
        self.traces.add(bytes.fromhex(result.trace)[:_TRACE_BYTES])

    def join(self, other: "Sum") -> None:
        """Add another sum."""
        self.schedules += other.schedules
        self.calls += other.calls
        self.hours += other.hours
        self.faults += other.faults
        self.flows += other.flows
        self.faulted |= other.faulted
        self.traces |= other.traces
        self.failing += other.failing

    def line(self) -> dict[str, Any]:
        """Return the sum as one line of JSON says it."""
        shares = {flow: round(n / self.schedules, 3) for flow, n in sorted(self.flows.items())}
        return {
            "layer": "the production stores and use cases on simulated AWS",
            "schedules": self.schedules,
            "distinct": len(self.traces),
            "mean_calls": round(self.calls / self.schedules, 1),
            "faults": dict(sorted((str(kind), n) for kind, n in self.faults.items())),
            "flows": shares,
            "simulated_hours": round(self.hours, 1),
            "violations": len(self.failing),
            "never_faulted": sorted(all_sites() - self.faulted),
        }


def campaign(schedules: int, seed: int, processes: int) -> Sum:
    """Run so many random schedules, in chunks that any process may take."""
    sizes = [_CHUNK] * (schedules // _CHUNK) + [schedules % _CHUNK] * bool(schedules % _CHUNK)
    chunks = [(size, f"{seed}/{number}") for number, size in enumerate(sizes)]
    total = Sum()
    for done in _chunks(chunks, processes):
        total.join(done)
        _say(f"{total.schedules} schedules, {len(total.failing)} violations")
    return total


def _chunks(chunks: list[tuple[int, str]], processes: int) -> Iterator[Sum]:
    if processes == 1 or len(chunks) == 1:
        yield from map(_chunk, chunks)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_chunk, chunks)


def _chunk(chunk: tuple[int, str]) -> Sum:
    number, seed = chunk
    logging.disable(logging.CRITICAL)
    simulator, total = _simulator(), Sum()
    with simulator.installed():
        for schedule in islice(_schedules(simulator, number, seed), number):
            result = simulator.run(schedule)
            total.add(result)
            if result.violations:
                total.failing.append((str(schedule), str(result.violations[0])))
    return total


def _schedules(simulator: Simulator, number: int, seed: str) -> Iterator[Schedule]:
    """Yield chance's choice; in the first chunk, a fault at each call comes before it."""
    if seed.endswith("/0"):
        yield from a_fault_at_each_call(simulator)
    yield from at_random(simulator, number, _seed(seed))


def _seed(text: str) -> int:
    return int.from_bytes(text.encode(), "big")


_made: list[Simulator] = []


def _simulator() -> Simulator:
    """Return this process's simulator; the collector has nothing to find among its worlds."""
    if not _made:
        _made.append(Simulator())
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
    return _made[0]


def explain(line: str) -> bool:
    """Run a schedule and print all that happens; return whether an invariant is violated."""
    logging.disable(logging.CRITICAL)
    result = Simulator().run(Schedule.parse(line), traced=True)
    for each in result.lines:
        sys.stdout.write(each + "\n")
    sys.stdout.write(f"trace {result.trace}\n")
    for violation in result.violations:
        sys.stdout.write(f"VIOLATED {violation}\n")
    return bool(result.violations)


def main(schedules: int, seed: int) -> int:
    """Run a campaign and print its sum, and how to replay what failed; return an exit code."""
    total = campaign(schedules, seed, os.cpu_count() or 1)
    logging.disable(logging.CRITICAL)
    simulator = Simulator()
    for line, violation in total.failing[:_MOST_SHOWN]:
        smallest = shrunk(simulator, Schedule.parse(line))
        sys.stdout.write(f"{violation}\n  make simulate REPLAY={smallest.schedule}\n")
    sys.stdout.write(json.dumps(total.line()) + "\n")
    return bool(total.failing)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
