"""Time zones by name: `utc`, `local` or an IANA name, from the pinned tzdata alone.

What the machine has installed is not asked, nor where it believes to be: two functions of one
deployment must not disagree about when a clock strikes. `local` is the setting `cron.timezone`.
"""

from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path

import tzdata

from chalicelib.schedules.errors import InvalidSchedule

DEFAULT = "utc"
LOCAL = "local"
VERSION = tzdata.IANA_VERSION
_FILES = Path(tzdata.__file__).parent
_KEYWORDS = frozenset({DEFAULT, LOCAL})


def known(name: object) -> str:
    """Return the name of a time zone as it is stored.

    Raises:
        InvalidSchedule: there is no such time zone.
    """
    if isinstance(name, str):
        if name.lower() in _KEYWORDS:
            return name.lower()
        if name in names():
            return name
    raise InvalidSchedule(
        f"there is no time zone {name!r:.60}", field="schedule.timezone", fix=_fix(name)
    )


def resolved(name: object, default: str) -> str:
    """Return the name of a time zone, with the default in the place of `local`.

    Raises:
        InvalidSchedule: there is no such time zone.
    """
    found = known(name)
    return known(default) if found == LOCAL else found


def shown(instant: datetime, name: str) -> datetime:
    """Return an instant as clocks of a time zone show it, or UTC ones where it is gone."""
    return instant.astimezone(zone(name))


@cache
def zone(name: str) -> tzinfo:
    """Return the time zone of a name, or UTC where it is gone."""
    if name not in names():
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  most cold starts meet UTC alone

    with (_FILES / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def names() -> frozenset[str]:
    """Return the names of the IANA time zones that ship with us."""
    return frozenset((_FILES / "zones").read_text("utf-8").split())


def _fix(name: object) -> str:
    wanted = name.casefold() if isinstance(name, str) else ""
    for candidate in names():
        if candidate.casefold() == wanted:
            return f'use "{candidate}"'
    return 'use "utc", "local" or an IANA name such as "Europe/Berlin"'
