"""The clock changes of all time zones that ship, read from their files, and chance among them."""

import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import tzdata
from hypothesis import strategies as st

FILES = Path(tzdata.__file__).parent
NAMES = tuple((FILES / "zones").read_text("utf-8").split())
SECOND = timedelta(seconds=1)
_HEADER = 44


class Change(NamedTuple):
    """A change of clocks, in seconds since 1970 and seconds ahead of UTC."""

    at: int
    before: int
    after: int


@cache
def zone(name: str) -> ZoneInfo:
    with (FILES / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def changes(name: str) -> tuple[Change, ...]:
    """Return the changes that a zone's file lists; those after the last one follow its rule."""
    data = (FILES / "zoneinfo" / name).read_bytes()
    utc, std, leaps, times, types, letters = struct.unpack(">6l", data[20:_HEADER])
    start = _HEADER + times * 5 + types * 6 + letters + leaps * 8 + std + utc
    _, _, _, times, types, _ = struct.unpack(">6l", data[start + 20 : start + _HEADER])
    start += _HEADER
    instants = struct.unpack(f">{times}q", data[start : start + 8 * times])
    kinds = data[start + 8 * times : start + 9 * times]
    start += 9 * times
    ahead = [struct.unpack(">l", data[start + 6 * n : start + 6 * n + 4])[0] for n in range(types)]
    found, before = [], ahead[0]
    for at, kind in zip(instants, kinds, strict=True):
        if ahead[kind] != before:
            found.append(Change(at, before, ahead[kind]))
            before = ahead[kind]
    return tuple(found)


@st.composite
def places(draw: st.DrawFn) -> tuple[str, datetime]:
    """Draw a zone and an instant from 1970 to 2100, as often as not near a change of clocks."""
    name = draw(st.sampled_from(NAMES))
    known = [change.at for change in changes(name) if change.at >= 0]
    if draw(st.booleans()) and known:
        far = draw(st.sampled_from([7_200, 3 * 86_400]))
        near = draw(st.integers(-far, far))
        return name, datetime.fromtimestamp(draw(st.sampled_from(known)), UTC) + near * SECOND
    return name, datetime(1970, 1, 3, tzinfo=UTC) + draw(st.integers(0, 4_102_444_800)) * SECOND
