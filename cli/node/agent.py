"""The node at work: registers what it can do, says that it is there, and does what it is asked.

One thread makes all calls. What fails to reach the gateway is tried again, more and more seldom,
and for as long as it takes; only a refusal of the device itself ends it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty
from typing import Any

from cli.node import renewing
from cli.node.desk import Desk
from cli.node.home import Home
from cli.node.line import Line
from cli.node.outbox import Event
from cli.node.renewing import GatewayClock, Renewing, instant
from cli.problem import Problem

BEAT_SECONDS = 60.0
SEEN = "seen.json"
_FIRST_PAUSE = 5.0
_LONGEST_BACKOFF = 60.0
_MOST_DOUBLINGS = 6
_STOP_SECONDS = 10.0


@dataclass(kw_only=True, eq=False, repr=False)
class Pulse:
    """Says every minute that the node is there, and renews its certificate when that is due."""

    home: Home
    line: Line
    clock: GatewayClock
    renewal: Renewing
    tell: Callable[[Event], None]
    _renew_at: datetime | None = None
    _generation: int = -1

    def beat(self, summary: str) -> None:
        """Say that the node is there, and renew its certificate if that is due.

        Raises:
            Problem: the gateway refused, or did not answer.
        """
        if self.renewal.is_begun():
            self._renew()
        self.line.post("heartbeat", summary=summary)
        told = self.line.get("whoami")
        self._note(told)
        now = self.clock.now()
        is_due = bool(now and self._renew_at and now >= self._renew_at)
        # What an operator asks for is not spread over time.
        if is_due or told.get("renew_now"):
            self._renew()

    def _renew(self) -> None:
        told = self.renewal.run()
        self._note(told)
        self.tell(Event("renewed", why=f"until {told['not_after']}"))

    def _note(self, told: dict[str, Any]) -> None:
        self.clock.set(instant(told["time"]))
        if told["generation"] != self._generation:
            self._generation = told["generation"]
            begin, end = instant(told["renew_from"]), instant(told["not_after"])
            self._renew_at = renewing.due(begin, end, self.renewal.chance())
        self.home.note(SEEN, told)


@dataclass(kw_only=True, eq=False, repr=False)
class Agent:
    """A node that runs.

    Attributes:
        stopwatch: the seconds since some instant.
    """

    desk: Desk
    pulse: Pulse
    tell: Callable[[Event], None]
    stopwatch: Callable[[], float]
    _poll_at: float = 0.0
    _beat_at: float = 0.0
    _pause: float = _FIRST_PAUSE
    _failures: int = field(init=False, default=0)

    def run(self) -> None:
        """Work until it is told to stop.

        Raises:
            Refused: the gateway lets this device in no more.
        """
        try:
            while not self.desk.is_stopping:
                self.wait(self.step())
            self._end()
        finally:
            self.desk.shut()

    def step(self) -> float:
        """Do what is due, and return for how many seconds nothing is.

        Raises:
            Refused: the gateway lets this device in no more.
        """
        try:
            self._do_what_is_due()
        except Problem as problem:
            return self._borne(problem)
        if self._failures:
            self.tell(Event("reached"))
        self._failures = 0
        return max(0.0, min(self._poll_at, self._beat_at) - self.stopwatch())

    def wait(self, seconds: float) -> None:
        """Wait so long, or until something comes in, and take that in."""
        try:
            self.desk.receive(self.desk.inbox.get(timeout=seconds) if seconds else self._next())
            while True:
                self.desk.receive(self._next())
        except Empty:
            return

    def _do_what_is_due(self) -> None:
        if self.stopwatch() >= self._beat_at:
            self.pulse.beat(self.desk.summary)
            self._beat_at = self.stopwatch() + BEAT_SECONDS
        self._turn()
        if self.stopwatch() >= self._poll_at:
            self._pause = self.desk.poll() or self._pause
            self._poll_at = self.stopwatch() + self._pause
            self._turn()

    def _turn(self) -> None:
        while not self.desk.is_idle:
            self.desk.turn()

    def _next(self) -> Any:
        return self.desk.inbox.get_nowait()

    def _borne(self, problem: Problem) -> float:
        """Return how long to wait after a call that failed."""
        if refused := self.pulse.line.refused(problem):
            raise refused from problem
        if not self._failures:
            self.tell(Event("lost", why=problem.what))
        self._failures += 1
        longest = min(2.0 ** min(self._failures, _MOST_DOUBLINGS), _LONGEST_BACKOFF)
        # Nodes that were cut off together do not come back together.
        return longest * (0.5 + random.random() / 2)  # noqa: S311  no secret

    def _end(self) -> None:
        """Let what runs come to its end for a while, and answer what has."""
        until = self.stopwatch() + _STOP_SECONDS
        while self.desk.is_busy and self.stopwatch() < until:
            self.wait(until - self.stopwatch())
        try:
            self._turn()
        except Problem as problem:
            self.tell(Event("lost", why=problem.what))
