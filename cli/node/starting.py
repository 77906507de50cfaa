"""What a node needs to run, put together: its line, its tools as registered, and its desk."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from cli.node.agent import Agent, Pulse
from cli.node.desk import Desk
from cli.node.home import Home
from cli.node.insisting import Insisting
from cli.node.line import Line, Refused
from cli.node.manifest import Tool
from cli.node.outbox import Event
from cli.node.pairing import activated
from cli.node.person import Person
from cli.node.renewing import GatewayClock, Renewing
from cli.node.returning import Returning
from cli.node.work import WorkStore
from cli.problem import Exit, Problem


@dataclass(kw_only=True, eq=False, repr=False)
class Starting:
    """A node that is about to run.

    Attributes:
        most: how many programs run at once.
        tell: tells who runs the node what happens.
        pause: waits for so many seconds.
        stopwatch: the seconds since some instant.
        present: what time it is on this device.
        environment: its variables.
    """

    home: Home
    tools: Sequence[Tool]
    person: Person | None
    most: int
    tell: Callable[[Event], None]
    pause: Callable[[float], None]
    stopwatch: Callable[[], float]
    present: Callable[[], datetime]
    environment: Mapping[str, str]

    def run(self, ready: Callable[[Agent | None], None]) -> None:
        """Run the node until it is told to stop.

        Args:
            ready: is called with the node once it is about to work, and with None once it does so
                no more.

        Raises:
            Problem: the device is not paired, or not let in any more, or what it can do is refused.
        """
        self.check()
        returning = Returning(
            home=self.home,
            environment=self.environment,
            tell=self.tell,
            pause=self.pause,
            present=self.present,
        )
        while True:
            try:
                return self._work(ready)
            except Refused as refused:
                ready(None)
                returning.after(refused)

    def _work(self, ready: Callable[[Agent | None], None]) -> None:
        """Work as what it is, until it is told to stop.

        Raises:
            Refused: the device is let in no more.
            Problem: it is not paired, or what it can do is refused.
        """
        if self.home.offered() is not None:
            self._take_up_offer()
        membership = self.home.membership()
        with closing(Line(membership, self.home.credential, self.present)) as line:
            agent = self.agent(line)
            ready(agent)
            agent.run()

    def check(self) -> None:
        """Refuse to promise what nobody here could agree to.

        Raises:
            Problem: a capability asks for a person, and nobody can be asked.
        """
        if self.person is None and (asked := [t.name for t in self.tools if t.needs_mediation]):
            detail = f"{asked[0]} asks the person here each time, and nobody can be asked"
            fix = "run the node at a terminal, or name a program that asks with --ask"
            raise Problem.of(Exit.USAGE, detail, fix)

    def agent(self, line: Line) -> Agent:
        """Return the node, once the gateway knows what it can do.

        Raises:
            Problem: the device is not let in any more, or what it can do is refused.
        """
        renewal, clock = Renewing(self.home, line), GatewayClock(self.stopwatch)
        if renewal.is_begun():
            # Only this call is answered to a certificate whose time beside its successor is over.
            self._take_up(renewal)
        terms = self._insisting.on(lambda: self._registered(line), line)
        desk = Desk(
            line=line,
            works=WorkStore(self.home),
            tools={each.name: each for each in self.tools},
            terms=terms,
            person=self.person,
            clock=clock,
            most=self.most,
            tell=self.tell,
        )
        desk.resume()
        pulse = Pulse(home=self.home, line=line, clock=clock, renewal=renewal, tell=self.tell)
        return Agent(desk=desk, pulse=pulse, tell=self.tell, stopwatch=self.stopwatch)

    @property
    def _insisting(self) -> Insisting:
        return Insisting(self.tell, self.pause)

    def _take_up_offer(self) -> None:
        """Activate what a pairing has brought; where that is too late, be what it was before."""
        try:
            self._insisting.on(lambda: activated(self.home, self.pause))
        except Problem as problem:
            if self.home.known() is None or self.home.offered() is not None:
                raise
            self.tell(Event("left", why=problem.what))

    def _take_up(self, renewal: Renewing) -> None:
        """End a renewal; where nothing was issued for it, the next one begins anew."""
        try:
            self._insisting.on(renewal.run, renewal.line)
        except Problem as problem:
            if renewal.is_begun() or isinstance(problem, Refused):
                raise
            self.tell(Event("left", why=problem.what))

    def _registered(self, line: Line) -> Mapping[str, str]:
        told = line.post("register", capabilities=[each.document() for each in self.tools])
        return {each["name"]: each["terms_sha256"] for each in told["items"]}
