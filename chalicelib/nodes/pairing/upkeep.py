"""Upkeep: what nobody ends in time is ended, and its secrets are deleted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.clock import Clock
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.pairing import events
from chalicelib.nodes.pairing.machine import ENDED, Step
from chalicelib.nodes.pairing.session import PairingSession
from chalicelib.nodes.pairing.store import PairingStore, StoredCode
from chalicelib.tables import Cancelled

_AT_ONCE = 100
_MARGIN = timedelta(seconds=5)


@dataclass(kw_only=True, eq=False, repr=False)
class PairingUpkeep:
    """Ends codes and sessions whose time has passed."""

    store: PairingStore
    journal: JournalStore
    clock: Clock
    ids: Ids

    def run(self, deadline: datetime) -> int:
        """End what is overdue, and return how much that was; the next run goes on.

        Args:
            deadline: when the function has to be done.

        Raises:
            Unavailable: AWS did not answer.
        """
        ended = 0
        for each in self.store.overdue(self.clock.now(), _AT_ONCE):
            if self.clock.now() + _MARGIN >= deadline:
                break
            if isinstance(each, StoredCode):
                self.store.kill(each.code)
            else:
                self._end(each.session)
            ended += 1
        return ended

    def _end(self, session: PairingSession) -> None:
        now = self.clock.now()
        if session.state in ENDED or now < session.deadline:
            return  # The index lags behind.
        after = session.moved(Step.EXPIRE, now, self.ids.ulid(now))
        try:
            write = self.store.moving(session, after, None, now, is_late=True)
            self.journal.append_with(events.moved(after, "expired", now), [write])
        except Cancelled:
            return  # Somebody else ended it.
