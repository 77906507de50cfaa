"""Returning: a node that runs finds its certificate ended, and comes back by itself.

It asks the operator with the key of that certificate, and asks anew whenever nobody has decided, so
that there is something to approve whenever somebody looks. A rejection ends it, and so does the
gateway, seven days after the end.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cli.node.addresses import Addresses, Given, kept
from cli.node.claims import Shown
from cli.node.home import Home
from cli.node.insisting import Insisting
from cli.node.line import Refused, told
from cli.node.outbox import Event
from cli.node.recovering import WITHIN, Recovering, Undecided
from cli.problem import Exit, Problem

# The clocks of who refused it and of who lets it come back need not agree to the second.
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 30.0
_NO_API = "say where the API is: `palyra node recover --api URL`"
_PAIR_AGAIN = "ask the operator for a code; `palyra node unpair`, and pair this device again"
_LET_DECIDE = "let an operator approve it: `palyra pairing requests`, or the page /pairing"


@dataclass(kw_only=True, eq=False, repr=False)
class Returning:
    """The way back of a node that runs.

    Attributes:
        environment: says where the API is, where that was not kept at the pairing.
        tell: tells who runs the node what happens.
        pause: waits for so many seconds.
        present: what time it is on this device.
    """

    home: Home
    environment: Mapping[str, str]
    tell: Callable[[Event], None]
    pause: Callable[[float], None]
    present: Callable[[], datetime]

    def after(self, refused: Refused) -> None:
        """Come back after a refusal, if it is one of a certificate that has ended.

        Raises:
            Problem: it is not, or the device may not come back.
        """
        if refused.ended is None:
            raise refused
        recovering = self._recovering(self._addresses(refused))
        self.tell(Event("ended", why=f"its certificate has ended at {told(refused.ended)}"))
        self.pause(_FIRST_PAUSE)
        insisting = Insisting(self.tell, self.pause)
        while True:
            try:
                insisting.on(recovering.run)
            except Undecided as undecided:
                self.tell(Event("undecided", why=f"{undecided.what}; asking again"))
                self.pause(random.uniform(1, _LONGEST_PAUSE))  # noqa: S311  no secret
            except Problem as problem:
                raise self._denied(problem, refused.ended) from problem
            else:
                self.tell(Event("recovered", why="what it may do is granted anew"))
                return

    def _addresses(self, refused: Refused) -> Addresses:
        try:
            return kept(Given(), self.home.membership(), self.environment)
        except Problem as problem:
            raise refused.with_fix(_NO_API) from problem

    def _recovering(self, at: Addresses) -> Recovering:
        return Recovering(
            home=self.home,
            at=at,
            shows=self._waiting,
            pause=self.pause,
            present=self.present,
        )

    def _waiting(self, shown: Shown) -> None:
        self.tell(Event("waiting", why=f"number {shown.number}; {_LET_DECIDE}"))

    def _denied(self, problem: Problem, ended: datetime) -> Problem:
        """Return what ends the node: a service manager is not to start it again."""
        if problem.code is not Exit.CONFLICT:
            return problem
        late = self.present() - ended > WITHIN
        why = "more than seven days ago" if late else "and the gateway does not take it back"
        detail = f"its certificate has ended at {told(ended)}, {why}"
        return Problem(Exit.DENIED, problem.document | {"detail": detail, "fix": _PAIR_AGAIN})
