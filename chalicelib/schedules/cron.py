"""Cron: the minutes that five fields name, as clocks of a time zone show them.

A stored schedule names the version of the grammar that it is read by, its expression in a form
that leaves nothing to that grammar's defaults, and the tzdata that its next slot was computed with.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from chalicelib.clock import EPOCH
from chalicelib.schedules import timezone, wording
from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.expression import FIELD, parse
from chalicelib.schedules.pattern import Pattern
from chalicelib.schedules.slots import latest_slot, next_slot

_DAY = 86_400
_STORED = re.compile(
    r"cron/1 (?P<expression>\S+(?: \S+){4}) in (?P<zone>[!-~]{1,64})"
    r" tzdata (?P<tzdata>[0-9a-z]{5,8})"
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A slot whenever the pattern comes.

    Attributes:
        zone: the time zone whose clocks decide: `utc` or an IANA name.
        tzdata: the version of the time zones that it was made with.
    """

    pattern: Pattern
    zone: str = timezone.DEFAULT
    tzdata: str = field(default=timezone.VERSION, compare=False)

    @classmethod
    def parse(cls, value: object, *, zone: str, now: datetime) -> Self:
        """Read an expression of five fields, or a macro such as `@daily`.

        Args:
            value: what the operator wrote.
            zone: a known time zone.
            now: the instant after which there must be a slot.

        Raises:
            InvalidSchedule: it is no such expression, or has no slot to come; or its zone is
                `local`, which is none where no other is set.
        """
        if zone == timezone.LOCAL:
            raise InvalidSchedule(
                "no time zone is set that could be the local one",
                field="schedule.timezone",
                fix='name one such as "Europe/Berlin", or set cron.timezone to one',
            )
        cron = cls(parse(value), zone)
        if cron.next_after(now) is None:
            raise InvalidSchedule(
                f"{value!r:.140} never comes in {zone}: clocks leap over it each time",
                field=FIELD,
                fix="choose another hour, or another time zone",
            )
        return cron

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read the stored form; None where it is another kind's, or cannot be read any more."""
        match = _STORED.fullmatch(text)
        if match is None:
            return None
        try:
            pattern, zone = parse(match["expression"]), timezone.known(match["zone"])
        except InvalidSchedule:
            return None
        if (pattern.text, zone) != (match["expression"], match["zone"]) or zone == timezone.LOCAL:
            return None
        return cls(pattern, zone, match["tzdata"])

    def next_after(self, after: datetime) -> datetime | None:
        """Return the first slot strictly later than an instant."""
        since = after - EPOCH
        slot = next_slot(self.pattern, self.zone, since.days * _DAY + since.seconds)
        return None if slot is None else datetime.fromtimestamp(slot, UTC)

    def latest_until(self, until: datetime) -> datetime | None:
        """Return the last slot at or before an instant."""
        since = until - EPOCH
        slot = latest_slot(self.pattern, self.zone, since.days * _DAY + since.seconds)
        return None if slot is None else datetime.fromtimestamp(slot, UTC)

    def explain(self) -> str:
        """Return the schedule in plain English."""
        return wording.explain(self.pattern, self.zone)

    def spec(self) -> dict[str, str]:
        """Return the schedule as an operator writes it, normalised."""
        return {"cron": self.pattern.text, "timezone": self.zone}

    def text(self) -> str:
        """Return the stored form."""
        return f"cron/1 {self.pattern.text} in {self.zone} tzdata {self.tzdata}"

    def __contains__(self, instant: object) -> bool:
        """Return whether an instant is one of the slots."""
        return isinstance(instant, datetime) and self.latest_until(instant) == instant
