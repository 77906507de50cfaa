"""Functions: the containers in which the production code runs, kept from schedule to schedule.

A container is what the wiring makes for Lambda, with this world's clock, randomness and tools. What
it keeps in memory between invocations is forgotten when one of them crashes.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.background.queue import decode
from chalicelib.background.task import Lane
from chalicelib.functions.wiring import (
    api,
    approvals,
    capabilities,
    container,
    dead_letters,
    issuer,
    journal_tasks,
    node_upkeep,
    nodes,
    pairing,
    policies,
    seals,
    sweeping,
    sweeps,
    ticks,
    tools,
    workers,
)
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.export_files import ExportFiles
from chalicelib.journal.verification.store import VerificationStore
from chalicelib.policy.engine import PolicyEngine
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult, ToolSpec
from chalicelib.runs.tools import Invocation, Tool
from chalicelib.settings import Settings
from tests.simulation.node_services import ASK, ORIGIN, asking_tool

if TYPE_CHECKING:
    from tests.simulation.world import World

SETTINGS = Settings(shards=1)
_FULL_TIME = timedelta(seconds=280)
_WORST_SKEW_SECONDS = 300
# A few events are as many steps and parts as thousands are in a real journal.
_STEP_EFFORT, _STEP_ENTRIES, _PART_CHARACTERS = 12, 4, 2_000
_STEP_LASTS = timedelta(seconds=20)
_SEGMENT_EVENTS, _KEPT = 2, timedelta(days=2)
_MAY_POST = """
@id("simulation-may-call-outside")
permit (principal, action, resource);

@id("simulation-asks-before-calls")
forbid (principal, action == Action::"invoke", resource)
when { resource in [Tool::"sim.ask", Tool::"sim.ask-again"] }
unless { context.approval == "approved" };

@id("simulation-asks-before-runs")
forbid (principal, action == Action::"dispatch", resource)
when { context.tools.contains("sim.ask-first") }
unless { context.approval == "approved" };
"""


@dataclass(eq=False)
class SkewedClock:
    """A machine's clock, some time off."""

    world: "World"
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        return self.world.now + self.skew


@dataclass(eq=False)
class SimHeart:
    """Beats when time passes inside a step, not beside it."""

    beats: list[tuple[timedelta, Callable[[], bool]]] = field(default_factory=list)

    @contextmanager
    def beating(self, every: timedelta, beat: Callable[[], bool]) -> Iterator[None]:
        self.beats.append((every, beat))
        try:
            yield
        finally:
            self.beats.pop()


class SimProvider:
    """Calls each granted tool once, and then answers."""

    name = "simulated"
    deadline = timedelta(seconds=1)

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        called = sum(isinstance(turn, ToolResult) for turn in conversation.turns)
        if called < len(conversation.tools):
            return ToolCall(conversation.tools[called].name)
        return Answer("done")


class Remembered:
    """The real policy engine, asked once for each question: its answers depend on nothing else."""

    _answers: dict[str, Any] = {}  # noqa: RUF012 - shared on purpose by all worlds of a process

    def __init__(self) -> None:
        self._engine = PolicyEngine(_MAY_POST)

    def authorize(self, principal: Any, action: str, resource: Any, context: Any) -> Any:
        question = f"{action} {resource} {context}"
        if question not in self._answers:
            answer = self._engine.authorize(principal, action, resource, context)
            self._answers[question] = answer
        return self._answers[question]


class Deciding:
    """Who decides about dispatches: in a world of policies the rooms' own authority."""

    def __init__(self, world: "World", of: Container) -> None:
        self._world = world
        self._remembered, self._authority = Remembered(), policies.authority(of)

    def authorize(self, principal: Any, action: str, resource: Any, context: Any) -> Any:
        decides = self._authority if self._world.memo.get("policies") else self._remembered
        return decides.authorize(principal, action, resource, context)


class SlowVerifications(VerificationStore):
    """Verifications whose steps take time in a world that asks for it: they go on elsewhere."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def keep(self, *arguments: Any) -> None:
        super().keep(*arguments)
        if self._world.memo.get("slow"):
            self._world.take_time(_STEP_LASTS)


class SlowExports(ExportFiles):
    """Files whose steps take time in a world that asks for it."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def keep(self, *arguments: Any) -> None:
        super().keep(*arguments)
        if self._world.memo.get("slow"):
            self._world.take_time(_STEP_LASTS)


@dataclass(eq=False)
class Function:
    """A container of one function."""

    name: str
    container: Container
    clock: SkewedClock
    lane: str = Lane.NORMAL
    heart: SimHeart = field(default_factory=SimHeart)

    def __post_init__(self) -> None:
        of = self.container
        self.approvals = approvals.approvals(of)
        self.approval_watch = approvals.watch(of)
        self.tick = ticks.tick(of)
        self.sweep = sweeping.sweep(of)
        self.collector = node_upkeep.collector(of)
        self.worker = workers.worker(of, self.lane)
        self.jobs = api.jobs(of)
        self.gate = api.gate(of)
        self.making_up = api.making_up(of)
        self.tasks = api.tasks(of)
        self.transcripts = api.transcripts(of)
        self.dead_letters = dead_letters.dead_letters(of)
        self.journal = sweeps.journal(of)
        self.mover = seals.mover(of)
        self.mover.segment_events, self.mover.kept = _SEGMENT_EVENTS, _KEPT
        self.sealer = seals.sealer(of)
        self.seal_watch = sweeping.seal_watch(of)
        self.verifier = journal_tasks.verify(of)
        self.exporter = journal_tasks.exports(of)
        self.search = api.journal_search(of)
        self.exports = api.journal_exports(of)
        self.verifications = api.journal_verifications(of)
        self.worker.heart = self.heart
        self.courier = container.courier(of)
        self.lanes = dict(self.courier.lanes)
        workers.runs(of).provider = SimProvider()
        self.policies = policies.policies(of)
        self.pairing = pairing.pairing(of)
        self.devices = nodes.devices(of)
        self.gatekeeper = nodes.gatekeeper(of)
        self.gatekeeper.origin = ORIGIN
        self.capabilities = capabilities.capabilities(of)
        self.dispatcher = capabilities.dispatcher(of)
        self.invoker = capabilities.invoker(of)
        remembered: Any = Remembered()
        self.invoker.policy = remembered
        self.certificate_watch = node_upkeep.certificate_watch(of)
        self.authority_upkeep = node_upkeep.authority_upkeep(of)
        self.request_upkeep = node_upkeep.request_upkeep(of)
        self.authorities = issuer.issuer(of).authorities
        self.front: Any = self.authorities.truststore
        self.seen_front: Any = self.authority_upkeep.truststore

    def take(self, body: str, stop_at: datetime) -> None:
        """Carry out what a message points to, as the worker's trigger does."""
        self.worker.handle(decode(body), stop_at)

    def forget(self) -> None:
        """Lose what is kept in memory."""
        self.journal._heads.clear()
        self.journal.segments.forget()
        self.mover.journal.segments.forget()
        sweeps.data_keys(self.container).forget()
        self.tick.own_last = None
        self.worker.gate.forget()
        self.seal_watch._fresh_at = None
        policies.authority(self.container)._held.clear()
        policies.alarm(self.container)._told.clear()
        vars(seals.signer(self.container)).pop("_public_key", None)
        seals.signatures(self.container)._keys.clear()
        self.pairing.handshake.gateway._known = None
        self.gatekeeper.teller._told.clear()
        self.certificate_watch._looked_at = None
        self.authority_upkeep._looked_at = None
        self.authorities.journal._heads.clear()
        for key in self.authorities.signers.values():
            vars(key).pop("_public_key", None)

    def names(self) -> list[str]:
        """Ask for the names that a container asks for once, and return them."""
        holders: list[Any] = [
            self.tasks.maker.payloads,
            self.journal.large,
            self.sealer.copies,
            self.journal.segments.archive,
            self.mover.journal.segments.archive,
            self.exporter.files,
            self.exports.files,
            self.front,
            self.seen_front,
        ]
        buckets = [holder._bucket for holder in holders]
        return [queue._url for queue in self.lanes.values()] + buckets


class Functions:
    """The containers of one world."""

    time = _FULL_TIME

    def __init__(self, world: "World") -> None:
        self._world = world
        self._random = random.Random(0)
        with world_installed(world):
            self.api = self._function("api")
            self.tick = self._function("tick")
            self.second_tick = self._function("tick-2")
            self.sweep = self._function("sweep")
            self.second_sweep = self._function("sweep-2")
            self.workers = {
                str(lane): [self._function(f"worker-{lane}", lane) for _ in range(2)]
                for lane in Lane
            }
            self.second_api = self._function("api-2")
        self._all = [self.api, self.tick, self.second_tick, self.sweep, self.second_sweep]
        self._all += [each for pair in self.workers.values() for each in pair]
        self._all.append(self.second_api)
        # It is asked by others, and by their clocks: its own is never off.
        with world_installed(world):
            self.issuer = self._function("issuer")

    def warm(self) -> None:
        """Ask what containers ask once: a schedule must not depend on those before it."""
        for function in (*self._all, self.issuer):
            assert all(function.names())

    def worker(self, lane: str) -> Function:
        """Return one of the containers of a lane, by chance one that was used before."""
        return self._world.chance.choice(self.workers[lane])

    def reset(self) -> None:
        """Make all containers as good as new."""
        self.time = _FULL_TIME
        self._random.seed(0)
        for function in self._all:
            function.clock.skew = timedelta()
            function.heart.beats.clear()
            function.forget()
        self.issuer.forget()

    def sweeping(self, lanes: Iterable[str]) -> None:
        """Let only these lanes be swept: where no task is, there is nothing to see."""
        for function in self._all:
            function.courier.lanes = {str(lane): function.lanes[str(lane)] for lane in lanes}

    def skew(self, chance: random.Random) -> bool:
        """Put clocks off by up to five minutes, in one of four worlds; say whether they are."""
        is_skewed = chance.random() < 1 / 4
        if is_skewed:
            for function in self._all:
                off = chance.randint(-_WORST_SKEW_SECONDS, _WORST_SKEW_SECONDS)
                function.clock.skew = timedelta(seconds=off)
        return is_skewed

    def _function(self, name: str, lane: str = Lane.NORMAL) -> Function:
        clock = SkewedClock(self._world)
        made = Container(settings=SETTINGS, clock=clock, random_bytes=self._bytes)
        tools.toolbox(made)._tools |= _tools(self._world) | {ASK: asking_tool(made)}
        function = Function(name, made, clock, lane)
        decides: Any = Deciding(self._world, made)
        workers.runs(made).policy = decides
        function.verifier.verifications = SlowVerifications(self._world)
        function.verifier.step_effort = _STEP_EFFORT
        function.exporter.files = SlowExports(self._world)
        function.exporter.step_entries = _STEP_ENTRIES
        function.exporter.part_characters = _PART_CHARACTERS
        return function

    def _bytes(self, number: int) -> bytes:
        return self._random.randbytes(number)


@contextmanager
def world_installed(world: "World") -> Iterator[None]:
    """Make clients for containers: they are made once and outlive schedules."""
    with world.installed():
        yield


def _tools(world: "World") -> dict[str, Tool]:
    def tool(name: str, call: Callable[[Invocation], Mapping[str, Any]], **more: Any) -> Tool:
        return Tool(spec=ToolSpec(name, "read", name), call=call, **more)

    def look(_invocation: Invocation) -> Mapping[str, Any]:
        return {"seen": 1}

    def post(invocation: Invocation) -> Mapping[str, Any]:
        world.checker.called_outside(invocation.key, idempotent=False)
        return {"posted": 1}

    def put(invocation: Invocation) -> Mapping[str, Any]:
        world.checker.called_outside(invocation.key, idempotent=True)
        return {"put": 1}

    def flaky(invocation: Invocation) -> Mapping[str, Any]:
        if world.checker.flakes(invocation.key):
            raise RuntimeError("it did not work this time")
        return {"worked": 1}

    def slow(_invocation: Invocation) -> Mapping[str, Any]:
        world.take_time(timedelta(seconds=100))
        return {"slow": 1}

    made = [
        tool("sim.look", look, is_idempotent=True),
        tool("sim.post", post),
        tool("sim.put", put, is_idempotent=True),
        tool("sim.ask", _approved(world, post)),
        tool("sim.ask-again", _approved(world, put), is_idempotent=True),
        tool("sim.ask-first", look, is_idempotent=True),
        tool("sim.flaky", flaky, is_idempotent=True),
        tool("sim.slow", slow, is_idempotent=True, deadline=timedelta(seconds=120)),
        tool("sim.hang", slow, is_idempotent=True, deadline=timedelta(seconds=20)),
    ]
    return {each.spec.name: each for each in made}


def _approved(
    world: "World", call: Callable[[Invocation], Mapping[str, Any]]
) -> Callable[[Invocation], Mapping[str, Any]]:
    """Return a call that needs an approval, which the checker knows of."""

    def approved(invocation: Invocation) -> Mapping[str, Any]:
        world.checker.approvals.called(invocation.key)
        return call(invocation)

    return approved
