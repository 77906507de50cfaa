"""Running schedules: a flow under its faults, then alone until all is done, then judged."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from chalicelib.background.task import Lane, TaskRef
from tests.simulation.approval_flows import looks, watch_if_due
from tests.simulation.checker import Violation
from tests.simulation.erasure_flows import judge as judge_erasure
from tests.simulation.faults import Schedule
from tests.simulation.flows import collect, deliver, sweep_by, tick_by
from tests.simulation.invocation_flows import judge as judge_invocations
from tests.simulation.journal_flows import judge as judge_journal
from tests.simulation.pairing_flows import judge as judge_pairing
from tests.simulation.recovery_flows import FLOWS
from tests.simulation.recovery_flows import judge as judge_nodes
from tests.simulation.world import MINUTE, START, Turn, World

_MOST_ROUNDS = 90
_WAITING = 8  # Rounds that count as one.
_FAR = timedelta(days=300)


class Result(NamedTuple):
    """What came of a schedule.

    Attributes:
        calls: AWS calls, those of the recovery among them; `exposed` those that faults could hit.
        faults: how many of each kind happened.
        faulted: the call sites that a fault happened to.
        trace: the digest of everything that happened.
        options: of each exposed call, how many faults could happen to it.
        sites: of each exposed call, where it came from; only of a run that is traced.
        turns: of each digit of the order, who could go on.
    """

    schedule: Schedule
    violations: tuple[Violation, ...]
    calls: int
    exposed: int
    faults: Counter[str]
    faulted: frozenset[str]
    hours: float
    trace: str
    options: tuple[int, ...]
    sites: tuple[str, ...]
    turns: tuple[Turn, ...]
    lines: tuple[str, ...]


class Prepared(NamedTuple):
    """A world as a flow begins with it."""

    dynamo: Any
    messages: list[Any]
    objects: dict[str, bytes]
    memo: dict[str, Any]
    randomness: Any
    now: datetime


class Simulator:
    """Runs schedules in one world, one after the other."""

    def __init__(self) -> None:
        self.world = World()
        self._prepared: dict[str, Prepared] = {}
        self._is_installed = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Stay in AWS's place for many schedules: each would have to take it anew."""
        with self.world.installed():
            self._is_installed = True
            try:
                yield
            finally:
                self._is_installed = False

    def run(self, schedule: Schedule, *, traced: bool = False) -> Result:
        """Run a schedule from its beginning to its rest."""
        world = self.world
        with world.installed() if not self._is_installed else nullcontext():
            self._prepare(schedule)
            if traced:
                world.lines = []
            world.arm(schedule)
            FLOWS[schedule.flow].act(world)
            world.settle()
            exposed = world.calls
            world.disarm()
            recover(world, ticks=bool(world.memo.get("ticks")))
            world.checker.at_rest()
            if "acknowledged" in world.memo:
                judge_journal(world)
            if "said" in world.memo:
                judge_erasure(world)
            if "pairing" in world.memo:
                judge_pairing(world)
            if "done" in world.memo:
                judge_invocations(world)
            if "node" in world.memo:
                judge_nodes(world)
        return Result(
            schedule=schedule,
            violations=tuple(world.checker.violations),
            calls=world.calls,
            exposed=exposed,
            faults=world.applied,
            faulted=frozenset(world.faulted),
            hours=(world.now - START - world.skipped) / timedelta(hours=1),
            trace=world.trace.hexdigest(),
            options=tuple(world.options[:exposed]),
            sites=tuple(world.sites[:exposed]),
            turns=tuple(world.turns),
            lines=tuple(world.lines or ()),
        )

    def length(self, flow: str) -> int:
        """Return how many calls of a flow faults can hit."""
        return self.run(Schedule(flow, 0)).exposed

    def _prepare(self, schedule: Schedule) -> None:
        world = self.world
        world.begin(schedule)
        prepared = self._prepared.get(schedule.flow)
        if prepared is None:
            FLOWS[schedule.flow].prepare(world)
            self._prepared[schedule.flow] = Prepared(
                world.dynamo.snapshot(),
                [copy(message) for message in world.queues.messages],
                dict(world.objects),
                dict(world.memo),
                world.functions._random.getstate(),
                world.now,
            )
            world.begin(schedule)
            prepared = self._prepared[schedule.flow]
        world.dynamo.restore(prepared.dynamo)
        world.queues.messages = [copy(message) for message in prepared.messages]
        world.queues.sent = len(prepared.messages)
        world.objects = dict(prepared.objects)
        world.memo = dict(prepared.memo)
        world.functions._random.setstate(prepared.randomness)
        world.now = prepared.now
        world.functions.sweeping(world.memo.get("lanes", (Lane.NORMAL,)))


def recover(world: World, *, ticks: bool) -> None:
    """Let a world come to rest without faults."""
    world.functions.time = timedelta(seconds=280)
    if ticks:
        tick_by(world, world.functions.tick)
    for _ in _rounds(world):
        world.settle()
        if world.memo.get("resumes"):
            resume_paused(world)
            world.settle()
        if world.checker.misfires.closed:
            api = world.functions.api
            world.invoke(api, partial(api.gate.open, "main", "token:operator"))
            world.settle()
        following = _next_instant(world)
        if following is None:
            break
        world.pass_time(max(following - world.now, timedelta(seconds=1)))
        deliver(world)
        if _is_due(world):
            sweep_by(world, world.functions.sweep)
        watch_if_due(world)
    if world.dynamo.tables["palyra-local-heartbeats"].rows():
        world.pass_time(15 * MINUTE)
        collect(world)
        world.settle()


def _rounds(world: World) -> Iterator[None]:
    """Yield for each round; one in which a prompt is looked at every few minutes counts less."""
    left = _MOST_ROUNDS * _WAITING
    while left > 0:
        left -= 1 if looks(world) else _WAITING
        yield


def _is_due(world: World) -> bool:
    """Return whether a sweep, whose clock may be wrong, could find anything."""
    now = (world.now + world.functions.sweep.clock.skew).timestamp() * 1000
    rows = world.checker.rows.values()
    return any("wake_at" in row and int(row["wake_at"]["N"]) <= now for row in rows)


def resume_paused(world: World) -> None:
    """Let an operator who sees a paused task resume it."""
    for (pk, sk), row in list(world.checker.rows.items()):
        if row.get("state", {}).get("S") == "paused":
            resume, task = world.functions.api.tasks.resume, TaskRef(pk, sk).id
            world.invoke(world.functions.api, partial(resume, "main", "token:operator", task))


def _next_instant(world: World) -> datetime | None:
    """Return when something is to be done next, or None if nothing ever is."""
    instants = [message.visible_at for message in world.queues.messages]
    instants += [process.wakes_at for process in world.asleep if process.wakes_at]
    for row in world.checker.rows.values():
        if "wake_at" in row:
            instants.append(datetime.fromtimestamp(int(row["wake_at"]["N"]) / 1000, UTC))
    instants += looks(world)
    soon = [each for each in instants if each < world.now + _FAR]
    if not soon:
        return None
    # A clock that is behind sees it later.
    return max(min(soon), world.now + timedelta(seconds=20))
