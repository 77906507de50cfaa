"""What every schedule can tell about itself."""

from datetime import datetime
from typing import Protocol


class Schedule(Protocol):
    """A rule that names instants, called slots; all are whole seconds."""

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first slot strictly later than an instant, or None after the last one."""

    def latest_until(self, until: datetime) -> datetime | None:
        """Return the last slot at or before an instant, or None before the first one."""

    def explain(self) -> str:
        """Return the schedule in plain English."""

    def spec(self) -> dict[str, str]:
        """Return the schedule as an operator writes it."""

    def text(self) -> str:
        """Return the stored form, which keeps its meaning over upgrades."""

    def __contains__(self, instant: object) -> bool:
        """Return whether an instant is one of the slots."""
