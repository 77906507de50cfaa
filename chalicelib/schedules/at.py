"""One instant: `at` an RFC 3339 date and time, in whole seconds, that has not come yet."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from chalicelib.clock import NotAnInstant, read_rfc3339, rfc3339
from chalicelib.schedules import timezone
from chalicelib.schedules.errors import InvalidSchedule

_FIELD = "schedule.at"
_LAST_SECOND = 221_876_928_000
_STORED = re.compile(
    r"at/1 (?P<seconds>0|[1-9][0-9]{0,11})(?: (?P<how>in|shown in) (?P<zone>[!-~]{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class At:
    """A single slot.

    Attributes:
        instant: in UTC.
        zone: the time zone in which it is explained.
        names_zone: the operator gave it; else it is the setting's.
    """

    instant: datetime
    zone: str = timezone.DEFAULT
    names_zone: bool = False

    @classmethod
    def parse(cls, value: object, *, now: datetime) -> Self:
        """Read an RFC 3339 date and time with its offset.

        Raises:
            InvalidSchedule: it is not one, has a fraction of a second, or is not later than
                `now`.
        """
        try:
            instant = read_rfc3339(value)
        except NotAnInstant as wrong:
            raise InvalidSchedule(
                f"{value!r:.60}: {wrong.detail}", field=_FIELD, fix=wrong.fix
            ) from None
        if instant.microsecond:
            raise _refused(instant, "has a fraction of a second", "use whole seconds")
        if instant <= now:
            fix = f"choose an instant later than {rfc3339(now)}"
            raise _refused(instant, "is not in the future", fix)
        return cls(instant)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read the stored form; None where it is another kind's."""
        match = _STORED.fullmatch(text)
        if match is None or int(match["seconds"]) >= _LAST_SECOND:
            return None
        instant = datetime.fromtimestamp(int(match["seconds"]), UTC)
        return cls(instant, match["zone"] or timezone.DEFAULT, match["how"] == "in")

    def next_after(self, after: datetime) -> datetime | None:
        """Return the slot if it is strictly later than an instant."""
        return self.instant if self.instant > after else None

    def latest_until(self, until: datetime) -> datetime | None:
        """Return the slot if it is at or before an instant."""
        return self.instant if self.instant <= until else None

    def explain(self) -> str:
        """Return the schedule in plain English, as clocks of its time zone show it."""
        local = timezone.shown(self.instant, self.zone)
        if self.zone == timezone.DEFAULT or local.tzinfo is UTC:
            return f"once at {local:%Y-%m-%d %H:%M:%S} UTC"
        return f"once at {local:%Y-%m-%d %H:%M:%S} {self.zone} ({local:UTC%:z})"

    def spec(self) -> dict[str, str]:
        """Return the schedule as an operator writes it."""
        written = {"at": rfc3339(self.instant)}
        return written | {"timezone": self.zone} if self.names_zone else written

    def text(self) -> str:
        """Return the stored form."""
        text = f"at/1 {int(self.instant.timestamp())}"
        if self.names_zone:
            return f"{text} in {self.zone}"
        return text if self.zone == timezone.DEFAULT else f"{text} shown in {self.zone}"

    def __contains__(self, instant: object) -> bool:
        """Return whether an instant is the slot."""
        return isinstance(instant, datetime) and instant == self.instant


def _refused(instant: datetime, how: str, fix: str) -> InvalidSchedule:
    return InvalidSchedule(f"{instant.isoformat()} {how}", field=_FIELD, fix=fix)
