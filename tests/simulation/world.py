"""A world for one schedule: the production code on simulated AWS, one AWS call at a time.

Every invocation of a function is a process of its own, and stops before each AWS call; who goes on
is the schedule's matter. What a process keeps in memory is lost when it crashes; a container that
did not crash carries its memory to the next invocation. Time passes only between rounds, or inside
a slow step.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from greenlet import getcurrent, greenlet
from pynamodb.connection.base import Connection

from chalicelib.errors import PalyraError, Unavailable
from chalicelib.functions import issuer
from chalicelib.nodes.pairing import padding
from tests.simulation import seam
from tests.simulation.checker import Checker
from tests.simulation.containers import Function, Functions
from tests.simulation.dynamo import SimDynamo
from tests.simulation.faults import Crash, Fault, Schedule, applicable, failure
from tests.simulation.node_services import LambdaClient
from tests.simulation.services import (
    VISIBILITY,
    KmsClient,
    Message,
    S3Client,
    SimQueues,
    SqsClient,
    StsClient,
)
from tests.simulation.sites import current_site
from tests.support import stack

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_MOST_CALLS = 2_000
_DEADLINE = timedelta(seconds=280)
_EXPORTED = 3  # Entries of a page: few, so that a stream has several.


def _let_others() -> None:
    """Leave the process under way; it goes on when it is switched to."""
    parent = getcurrent().parent
    assert parent is not None
    parent.switch()


def _dispatch(connection: Connection, operation: str, arguments: dict[str, Any]) -> Any:
    """Call as PynamoDB does, without its signals and ids: nobody listens, and they cost time."""
    arguments.setdefault("ReturnConsumedCapacity", "TOTAL")
    return connection._make_api_call(operation, arguments)


class Runaway(AssertionError):
    """A schedule did not come to an end."""


class Observed(SimDynamo):
    """A DynamoDB that shows each committed write to whoever judges the history."""

    checker: Checker | None = None

    def commit(self, made: Any, factor: int = 1) -> None:
        super().commit(made, factor)
        if self.checker is not None and made.old is not made.new:
            self.checker.committed(
                made.table.schema.name,
                made.old.item if made.old else None,
                made.new.item if made.new else None,
            )


class Turn(NamedTuple):
    """A call whose turn an order was asked for.

    Attributes:
        came: the process that came to the call, by its number.
        others: the numbers of those that could have gone on instead.
    """

    came: int
    others: frozenset[int]

    def goes_on(self, wanted: int) -> int:
        """Return who goes on where the order wants a process, which may have ended."""
        return wanted if wanted in self.others else self.came


@dataclass(eq=False)
class Process:
    """One invocation of a function.

    Attributes:
        number: in the order in which processes were started under this schedule, from 0.
        started_at: when it was invoked.
        wakes_at: when it goes on, if it was put aside.
    """

    name: str
    function: Function
    body: greenlet
    number: int
    started_at: datetime
    wakes_at: datetime | None = None


class World:
    """Everything that a schedule runs in."""

    def __init__(self) -> None:
        self.now = START
        self.dynamo = Observed(stack.tables(), clock=lambda: self.now)
        self.functions = Functions(self)
        self.empty = self.dynamo.snapshot()
        self.begin(Schedule("", 0))
        with self.installed():
            self.functions.warm()

    def begin(self, schedule: Schedule) -> None:
        """Forget everything, and be ready for a schedule."""
        self.now = START
        self.dynamo.checker = None
        self.dynamo.restore(self.empty)
        self.queues = SimQueues(lambda: self.now)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.chance = random.Random(schedule.seed)
        self.faults: dict[int, int] = {}
        self.switches: dict[int, int] = {}
        self.order: list[int] = []
        self.ordered = 0
        self.turns: list[Turn] = []
        self.options: list[int] = []
        self.calls = 0
        self.is_calm = schedule.seed == 0
        self.skipped = timedelta()
        self.most_calls = _MOST_CALLS
        self.applied: Counter[str] = Counter()
        self.faulted: set[str] = set()
        self.trace = hashlib.blake2b(digest_size=16)
        self.lines: list[str] | None = None
        self.sites: list[str] = []
        self.asleep: list[Process] = []
        self.running: list[Process] = []
        self.number = 0
        self.is_skewed = False
        self.memo: dict[str, Any] = {}
        self.checker = Checker(self)
        self.functions.reset()

    def arm(self, schedule: Schedule) -> None:
        """Let the faults of a schedule happen from now on; calls are counted from here."""
        self.calls = 0
        self.faults, self.switches = dict(schedule.faults), dict(schedule.switches)
        self.order = [int(digit) for digit in schedule.order]
        self.turns, self.ordered = [], len(self.order)
        self.options, self.sites = [], []
        self.dynamo.checker = self.checker
        self.checker.rows = self.checker.rows_now()
        self.checker.jobs.begin()
        self.checker.locks.begin()
        self.checker.policies.begin()
        self.number = 0
        self.is_skewed = not self.is_calm and self.functions.skew(self.chance)

    def disarm(self) -> None:
        """Let nothing go wrong any more."""
        self.faults, self.switches, self.order = {}, {}, []
        self.dynamo.stale = lambda: None

    # What happens.

    def invoke(self, function: Function, act: Callable[[], Any], name: str = "") -> Process:
        """Start an invocation; it runs when `settle` is called."""
        body = greenlet(lambda: self._run(act))
        process = Process(name or function.name, function, body, self.number, self.now)
        self.number += 1
        process.body.process = process  # type: ignore[attr-defined]
        self.running.append(process)
        return process

    def settle(self) -> None:
        """Let the processes go on, one at a time, until each has ended or is put aside."""
        while self.running:
            process = self.running[0]
            process.body.switch()
            if process.body.dead and process in self.running:
                self.running.remove(process)

    def deliver(self, message: Message) -> None:
        """Hand a message to a worker of its lane."""
        self.queues.receive(message)
        worker = self.functions.worker(message.lane)

        def act() -> None:
            try:
                worker.take(message.body, worker.clock.now() + self.functions.time)
            except Unavailable:
                self.queues.bury(message)
                raise
            self.queues.delete(message)

        self.invoke(worker, act, f"worker-{message.lane}")

    def skip_time(self, by: timedelta) -> None:
        """Let time pass in which nothing is looked at, and which is not counted."""
        self.skipped += by
        self.pass_time(by)

    def pass_time(self, by: timedelta) -> None:
        """Let time pass, and wake whoever was put aside for so long."""
        self.now += by
        for process in list(self.asleep):
            if process.wakes_at and process.wakes_at <= self.now:
                self.asleep.remove(process)
                process.wakes_at = None
                self._wake(process)

    def _wake(self, process: Process) -> None:
        """Let a process go on; Lambda has ended it long before its message is visible again."""
        if self.now - process.started_at < VISIBILITY:
            self.running.append(process)
        else:
            process.body.throw(Crash)

    def take_time(self, by: timedelta) -> None:
        """Let time pass inside a step; what beats beside it beats."""
        process = self.process
        beats = process.function.heart.beats if process else []
        beating = bool(beats)
        end = self.now + by
        while self.now < end:
            every, beat = beats[-1] if beats else (by, lambda: False)
            self.pass_time(min(every, end - self.now))
            beating = beating and beat()

    # What AWS is asked.

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put this world in AWS's place."""

        def clients(service: str) -> Any:
            made: dict[str, Any] = {
                "sqs": SqsClient,
                "s3": S3Client,
                "sts": StsClient,
                "kms": KmsClient,
                "lambda": LambdaClient,
            }
            return made[service](self)

        with (
            seam.install(self._dynamo, clients),
            # Not `time.sleep` itself: other threads of this process sleep, too.
            patch("chalicelib.tables.time"),
            patch("chalicelib.background.journal_export._BATCH", _EXPORTED),
            patch.object(issuer, "container", lambda: self.functions.issuer.container),
            patch("chalicelib.functions.wiring.issuer.measure"),  # Nobody reads it here.
            # Refusals take the same time, by other means than a clock of this world.
            patch.object(padding, "STEP_SECONDS", 1e-9),
            patch.object(padding, "SLOW_SECONDS", 0),
            patch.object(Connection, "dispatch", _dispatch),
        ):
            yield

    def make(self, operation: str, arguments: Any, do: Callable[[], Any]) -> Any:
        """Make a call, unless something goes wrong with it."""
        self._take_turn()
        self.calls += 1
        number = self.calls
        if number > self.most_calls:
            raise Runaway
        self._switch(number)
        fault = self._fault(number, operation, arguments)
        self._note(number, operation, arguments, fault)
        if fault is None:
            return do()
        return self._faulted(fault, number, operation, do)

    @property
    def process(self) -> Process | None:
        """Return the process that is running."""
        return getattr(getcurrent(), "process", None)

    def random_bytes(self, number: int) -> bytes:
        """Return bytes that keys are made of; whoever replays a schedule gets the same."""
        return self.functions._bytes(number)

    def _dynamo(self, operation: str, arguments: dict[str, Any]) -> Any:
        return self.make(operation, arguments, lambda: self.dynamo.call(operation, arguments))

    def _take_turn(self) -> None:
        """Wait until the call under way is the next in the order, if there is one."""
        while self.order:
            process = self.process
            if len(self.turns) == self.ordered - len(self.order):
                self._note_turn(process)
            wanted = [each for each in self.running if each.number == self.order[0]]
            if process is None or not wanted or wanted[0] is process:
                self.order.pop(0)
                return
            self.running.remove(wanted[0])
            self.running.insert(0, wanted[0])
            _let_others()

    def _note_turn(self, process: Process | None) -> None:
        if process is None:
            self.turns.append(Turn(-1, frozenset()))
        else:
            running = frozenset(each.number for each in self.running)
            self.turns.append(Turn(process.number, running))

    def _switch(self, number: int) -> None:
        which = self.switches.pop(number, None)
        process = self.process
        if which is None or process is None or process not in self.running:
            return
        self.running.remove(process)
        if which:
            process.wakes_at = self.now + which * MINUTE
            self.asleep.append(process)
            self.applied["frozen"] += 1
        else:
            self.running.append(process)
            self.applied["switched"] += 1
        _let_others()

    def _fault(self, number: int, operation: str, arguments: Any) -> Fault | None:
        which = self.faults.get(number)
        possible = applicable(operation, arguments)
        self.options.append(len(possible))
        if which is None:
            return None
        fault = possible[which % len(possible)]
        self.applied[fault] += 1
        self.faulted.add(current_site())
        return fault

    def _faulted(self, fault: Fault, number: int, operation: str, do: Callable[[], Any]) -> Any:
        if fault is Fault.STALE:
            self.dynamo.stale = lambda: (1 + number % 5, 60.0)
            try:
                return do()
            finally:
                self.dynamo.stale = lambda: None
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault in {Fault.FAIL, Fault.THROTTLE, Fault.CONFLICT}:
            raise failure(fault, operation)
        if fault is Fault.LOST:
            do()
            self.queues.messages.pop()
            return {}
        answer = self._twice(do) if fault in {Fault.RETRY, Fault.DUPLICATE} else do()
        if fault is Fault.LOST_REPLY:
            raise failure(fault, operation)
        if fault is Fault.CRASH_AFTER:
            raise Crash
        return answer

    def _twice(self, do: Callable[[], Any]) -> Any:
        with suppress(Exception):  # botocore answers with the second reply alone
            do()
        return do()

    def _run(self, act: Callable[[], Any]) -> None:
        process = self.process
        assert process is not None
        try:
            act()
        except Crash:
            self._log(f"{process.name} dies")
            process.function.forget()
        except Unavailable as error:
            self._log(f"{process.name} fails: {error.detail}")
        except PalyraError as error:
            self._log(f"{process.name} is refused: {error.detail}")
        except Runaway:
            raise
        except Exception as error:  # noqa: BLE001 - nothing may surprise an invocation
            self.checker.violated("I14 no surprise", f"{type(error).__name__}: {error}")

    def _note(self, number: int, operation: str, arguments: Any, fault: Fault | None) -> None:
        process = self.process
        name = process.name if process else "-"
        line = f"{number} {name} {operation} {arguments.get('TableName', '')} {fault or ''}"
        self.trace.update(line.encode())
        if self.lines is not None:
            site = current_site()
            self.sites.append(site)
            line += f" {site.removeprefix('chalicelib.')}"
            key = arguments.get("Key") or arguments.get("MessageBody") or ""
            self.lines.append(f"{self.now:%H:%M:%S} {line} {key}")

    def _log(self, line: str) -> None:
        self.trace.update(line.encode())
        if self.lines is not None:
            self.lines.append(f"{self.now:%H:%M:%S}   {line}")
