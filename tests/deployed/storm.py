"""A storm: background work of all kinds, and the processes that do it killed at random.

Operators make tasks over HTTP; in each round a process is killed with signal 9, one that is at work
if there is one; sweeps are invoked as often as a lease is long. What is chosen at random comes from
a seed, which repeats the choices, although not what the machine makes of them.
"""

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx

from tests.deployed.audit import Audit, payload_of
from tests.deployed.cloud import Cloud, deployed_name, eventually, kill, waits_for_an_event
from tests.deployed.driver import LEASE_SECONDS, SCHEDULED, Item, Job, key, main, rows

ROUNDS = 50
ROUND_SECONDS = 1.5
# On a busy machine rounds wait for what they are about; together no longer than this.
LOAD_SECONDS = 150
TASKS_A_ROUND = 2
OPERATORS = 2
# A message that is lost twice is sent again after a minute, and after two more the third time; and
# where the machine is too busy for a lease of three seconds, tasks use up all their attempts.
DRAIN_SECONDS = 420
BUSY_WITHIN_SECONDS = 2.0
ALIVE_WITHIN_SECONDS = 60
LOOK_SECONDS = 0.25
CHANCES = {
    "worker_normal": 4,
    "worker_high": 3,
    "worker_low": 2,
    "api_handler": 2,
    "sweep": 2,
    "cron_tick": 1,
}
NEVER = datetime.max.replace(tzinfo=UTC)
ON_SCHEDULE = {"sweep", "cron_tick"}


class Process(NamedTuple):
    """A process of a function.

    Attributes:
        is_busy: an event is at work in it.
        is_warm: it has waited for an event before, so it is not starting.
    """

    pid: int
    function: str
    is_busy: bool
    is_warm: bool


class Kill(NamedTuple):
    """A process that was killed, and when."""

    process: Process
    at: datetime


class Round(NamedTuple):
    """What one round does: some tasks are made, and so many seconds later a process is killed.

    Attributes:
        spares_the_young: a process that is only starting is not killed if there is another one.
    """

    bodies: list[Item]
    victim: str
    after: float
    spares_the_young: bool


def plan(seed: int) -> Iterator[Round]:
    """Yield the rounds of a seed."""
    chance = random.Random(seed)
    for number in range(ROUNDS):
        names = [f"storm {seed}, {number}.{task}" for task in range(TASKS_A_ROUND)]
        (victim,) = chance.choices(list(CHANCES), list(CHANCES.values()))
        bodies = [body(chance, name) for name in names]
        yield Round(bodies, victim, chance.uniform(0, 1), chance.random() < 0.9)


def body(chance: random.Random, name: str, *, may_delegate: bool = True) -> Item:
    """Return a task of any lane, some of which are followed by others or delegate some."""
    made: Item = {
        "kind": "background_prompt",
        "payload": prompt(name, thens=chance.choice((0, 0, 1, 2))),
        "priority": chance.choice((-5, 0, 0, 5, 5)),
        "max_attempts": chance.choice((3, 4)),
        "dedupe_key": name,
    }
    if may_delegate and chance.random() < 0.1:
        names = [f"{name}, part {part}" for part in range(2)]
        made["parts"] = [body(chance, each, may_delegate=False) for each in names]
    return made


def prompt(name: str, thens: int) -> Item:
    asked: Item = {"prompt": name, "tools": ["system.health"]}
    return asked | {"then": prompt(f"{name}, then", thens - 1)} if thens else asked


def preference(process: Process, each: Round) -> tuple[bool, bool, bool]:
    """Return how well a process fits a round, the lower the better."""
    is_too_young = each.spares_the_young and not process.is_warm
    return (is_too_young, process.function != each.victim, not process.is_busy)


@dataclass(eq=False)
class Storm:
    """The load, the kills, and what they left.

    Attributes:
        accepted: ids of the tasks whose making was answered, by their names.
        swept: what the sweeps say they did, those that were killed left out.
    """

    cloud: Cloud
    seed: int
    job: Job
    accepted: dict[str, str] = field(default_factory=dict)
    kills: list[Kill] = field(default_factory=list)
    swept: Counter[str] = field(default_factory=Counter)
    redelivered: int = 0
    load_seconds: float = 0.0
    drain_seconds: float = 0.0
    until: datetime = NEVER

    def __post_init__(self) -> None:
        self._orders: queue.Queue[Item] = queue.Queue()
        self._no_more_load, self._over = threading.Event(), threading.Event()
        self._pause = threading.Event()
        self._warm: set[int] = set()
        self._chance = random.Random(self.seed)

    def rage(self) -> None:
        """Do all rounds; then sweep until everything has come to its end."""
        with ThreadPoolExecutor(OPERATORS + 2) as pool:
            operators = [pool.submit(self._operate) for _ in range(OPERATORS)]
            sweeper = pool.submit(self._sweep)
            try:
                self._do_rounds(pool)
                for operator in operators:
                    operator.result(DRAIN_SECONDS)
                self._drain()
            finally:
                self._no_more_load.set()
                self._over.set()
            sweeper.result()

    def audit(self) -> Audit:
        """Read what the tables say of the tasks and of the slots up to the end of the load."""
        return Audit(rows(self.cloud), self._is_meant)

    def _is_meant(self, row: Item) -> bool:
        if row["pk"] == f"main#{self.job.id}":
            return str(row["sk"]) <= key(self.until)
        return str(payload_of(row).get("prompt")).startswith(f"storm {self.seed}, ")

    def _do_rounds(self, pool: ThreadPoolExecutor) -> None:
        began = time.monotonic()
        for each in plan(self.seed):
            ends = time.monotonic() + ROUND_SECONDS
            for order in each.bodies:
                self._orders.put(order)
            if each.victim in ON_SCHEDULE:
                pool.submit(self.cloud.try_to_invoke, each.victim, SCHEDULED)
            self._watch_until(time.monotonic() + each.after)
            self._strike(each)
            self._watch_until(ends)
            while not self._orders.empty() and time.monotonic() < began + LOAD_SECONDS:
                self._watch_until(time.monotonic() + LOOK_SECONDS)
        self._no_more_load.set()
        self.until = datetime.now(UTC)
        self.load_seconds = time.monotonic() - began

    def _watch_until(self, deadline: float) -> None:
        """Look who waits for an event, so as to know who is only starting."""
        while (left := deadline - time.monotonic()) > 0:
            self._processes()
            self._pause.wait(min(left, LOOK_SECONDS))

    def _strike(self, each: Round) -> None:
        """Kill a process of the victim's, one that is at work if there is one soon."""
        deadline = time.monotonic() + BUSY_WITHIN_SECONDS
        best: list[Process] = []

        def look() -> bool:
            nonlocal best
            found = sorted(self._processes(), key=lambda process: preference(process, each))
            best = [one for one in found if preference(one, each) == preference(found[0], each)]
            is_late = time.monotonic() > deadline
            return bool(best) and (is_late or preference(best[0], each) == (False,) * 3)

        eventually(look, seconds=ALIVE_WITHIN_SECONDS)
        struck = self._chance.choice(best)
        kill(struck.pid)
        self.kills.append(Kill(struck, datetime.now(UTC)))

    def _processes(self) -> list[Process]:
        names = {deployed_name(function): function for function in CHANCES}
        found = []
        for pid, name in self.cloud.processes().items():
            is_busy = not waits_for_an_event(pid)
            if not is_busy:
                self._warm.add(pid)
            if name in names:
                found.append(Process(pid, names[name], is_busy, pid in self._warm))
        return found

    def _operate(self) -> None:
        while not self._no_more_load.is_set():
            try:
                self._order(self._orders.get(timeout=0.2))
            except queue.Empty:
                continue

    def _order(self, order: Item) -> None:
        parts = order.pop("parts", [])
        if parts:  # They can be handed on only while it has not ended.
            order["not_before"] = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
        parent = self._post(order)
        for part in parts if parent else []:
            self._post(part | {"parent": parent})

    def _post(self, order: Item) -> str | None:
        """Ask for a task until there is an answer; return its id, or nothing where refused."""
        while not self._over.is_set():
            with suppress(httpx.TransportError):
                answer = main(self.cloud).post("/v1/tasks", order)
                if answer.status_code in {200, 201}:
                    self.accepted[order["dedupe_key"]] = str(answer.json()["id"])
                    return str(answer.json()["id"])
                if answer.status_code < 500:
                    assert answer.status_code == 409, answer.text  # The parent has ended.
                    return None
            self._pause.wait(LOOK_SECONDS)
        return None

    def _sweep(self) -> None:
        while not self._over.wait(LEASE_SECONDS):
            self.swept.update(self.cloud.try_to_invoke("sweep", SCHEDULED) or {"killed": 1})

    def _drain(self) -> None:
        began = time.monotonic()
        eventually(
            lambda: not self.audit().open,
            seconds=DRAIN_SECONDS,
            pause=2,
            why=lambda: f"seed {self.seed}: {self.audit().open}",
        )
        self.drain_seconds = time.monotonic() - began
        self._pause.wait(2 * LEASE_SECONDS)  # For whoever has ended one and is concluding it.
        self._deliver_again()

    def _deliver_again(self) -> None:
        """Do as SQS does after half an hour with the messages whose workers died after the end."""
        unconcluded = self.audit().unconcluded
        self.redelivered = len(unconcluded)
        for task in unconcluded:
            rows(self.cloud).send(task)
        eventually(
            lambda: not self.audit().unconcluded,
            seconds=60,
            pause=1,
            why=lambda: f"seed {self.seed}: {self.audit().wrong_ends}",
        )
