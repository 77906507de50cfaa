"""Marks a gap in the journal, once, however many ticks find it.

The event and the tick's record are one transaction, which holds only as long as the last tick is
the one that the gap begins with. Whoever comes second finds another last tick, and no gap.

Ticks load this module, and the journal with it, only where there is a gap.
"""

from dataclasses import dataclass

from chalicelib.clock import rfc3339, to_ms
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.scheduler.gap import Gap
from chalicelib.scheduler.store import TickLog
from chalicelib.tables import SYSTEM, Cancelled

_SUBJECT = "cron_tick"
_DAEMON = "system:daemon"


@dataclass(kw_only=True, eq=False, repr=False)
class GapMarker:
    """Marks gaps."""

    journal: JournalStore
    ticks: TickLog

    def mark(self, gap: Gap) -> bool:
        """Mark a gap and record the tick that found it; False if another tick came first.

        Raises:
            Unavailable: the journal did not answer, or was too busy.
        """
        recorded = self.ticks.following(gap.last, gap.until)
        try:
            self.journal.append_with(_event(gap), [recorded])
        except Cancelled:
            return False
        return True


def _event(gap: Gap) -> Event:
    return Event(
        id=f"{_SUBJECT}/{to_ms(gap.last)}/gap",
        owner=SYSTEM,
        kind="scheduler.gap",
        actor=_DAEMON,
        subject=_SUBJECT,
        at=gap.until,
        details={
            "last_tick": rfc3339(gap.last),
            "from": rfc3339(gap.since),
            "until": rfc3339(gap.until),
            "seconds": gap.seconds,
        },
    )
