"""Time zones by name: `utc`, `local` or an IANA name, from the pinned tzdata alone.

What the machine has installed is not asked, except for `local`: two functions of one deployment
must not disagree about when a clock strikes.
"""

from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata

from chalicelib.schedules.errors import InvalidSchedule

DEFAULT = "utc"
LOCAL = "local"
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
        if name in _names():
            return name
    raise InvalidSchedule(
        f"there is no time zone {name!r:.60}", field="schedule.timezone", fix=_fix(name)
    )


def shown(instant: datetime, name: str) -> datetime:
    """Return an instant as clocks of a time zone show it, or UTC ones where it is gone."""
    if name == LOCAL:
        return instant.astimezone()
    return instant.astimezone(_zone(name))


@cache
def _zone(name: str) -> tzinfo:
    if name not in _names():
        return UTC
    with (_FILES / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _names() -> frozenset[str]:
    return frozenset((_FILES / "zones").read_text("utf-8").split())


def _fix(name: object) -> str:
    wanted = name.casefold() if isinstance(name, str) else ""
    for candidate in _names():
        if candidate.casefold() == wanted:
            return f'use "{candidate}"'
    return 'use "utc", "local" or an IANA name such as "Europe/Berlin"'
