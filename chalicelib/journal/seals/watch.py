"""SealWatch: whoever comes once a minute sees that seals come in time.

The sealer itself could not say that it does not run. A container remembers when the last seal was,
and reads again only when that is too long ago: once in a quarter of an hour.
"""

from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.clock import Clock
from chalicelib.journal.faults import Alarm
from chalicelib.journal.seal import LATE
from chalicelib.journal.seals.sealer import late
from chalicelib.journal.seals.store import SealStore


@dataclass(kw_only=True, eq=False, repr=False)
class SealWatch:
    """Looks when the last seal was."""

    seals: SealStore
    alarm: Alarm
    clock: Clock
    _fresh_at: datetime | None = field(init=False, default=None)

    def run(self) -> int:
        """Return 1, and tell of it, where no seal came for over fifteen minutes; else 0.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        now = self.clock.now()
        if self._fresh_at and now - self._fresh_at <= LATE:
            return 0
        last = self.seals.last()
        at = last.at if last else None
        # A stage without any seal may be a new one: it has as long from the first look on.
        since = at or self._fresh_at or now
        self._fresh_at = since
        if now - since <= LATE:
            return 0
        self.alarm.tell(late(at, now))
        return 1
