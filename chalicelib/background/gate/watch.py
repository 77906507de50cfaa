"""GateWatch: the gate as a worker sees it, at most five seconds old.

A read for each task would cost more than it is worth: what is promised is that no work begins later
than these seconds after the gate was closed, or opened again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.background.gate.gate import Gate
from chalicelib.background.gate.store import GateStore
from chalicelib.clock import Clock

OLDEST = timedelta(seconds=5)


@dataclass(kw_only=True, eq=False, repr=False)
class GateWatch:
    """Remembers the gate for a while."""

    gates: GateStore
    clock: Clock
    _seen: Gate = field(init=False, default_factory=Gate)
    _at: datetime | None = field(init=False, default=None)

    def gate(self) -> Gate:
        """Return the gate as it was within the last five seconds.

        Raises:
            Unavailable: DynamoDB did not answer; no work may begin.
        """
        now = self.clock.now()
        # A clock that was set back must not make it last longer.
        if self._at is None or not timedelta() <= now - self._at < OLDEST:
            self._seen, self._at = self.gates.read(), now
        return self._seen

    def forget(self) -> None:
        """Ask again next time."""
        self._at = None
