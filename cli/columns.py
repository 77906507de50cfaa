"""Columns of tables, and how they share a line."""

from collections.abc import Sequence
from typing import NamedTuple

GAP = "  "


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        is_whole: never shortened, because people copy it.
        is_rare: left out for people where no row has a value in it.
    """

    name: str
    is_whole: bool = False
    is_rare: bool = False


def fit(columns: Sequence[Column], widths: Sequence[int], most: int) -> list[int]:
    """Return the columns' widths within a line of `most`; 0 for one that is left out.

    The widest that is not whole is shortened first, to no less than its name; where that is not
    enough, the last ones are left out.
    """
    kept = [index for index, width in enumerate(widths) if width]
    least = [_least(column, width) for column, width in zip(columns, widths, strict=True)]
    for index in reversed(range(len(columns))):
        if _line([least[each] for each in kept]) <= most:
            break
        if index in kept and not columns[index].is_whole:
            kept.remove(index)
    fitting = [width if index in kept else 0 for index, width in enumerate(widths)]
    return _shortened(fitting, least, most)


def _shortened(widths: list[int], least: Sequence[int], most: int) -> list[int]:
    while _line([width for width in widths if width]) > most:
        shrinkable = [index for index, width in enumerate(widths) if width > least[index]]
        if not shrinkable:
            break
        widths[max(shrinkable, key=lambda index: widths[index])] -= 1
    return widths


def _least(column: Column, width: int) -> int:
    return width if column.is_whole else min(width, len(column.name))


def _line(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)
