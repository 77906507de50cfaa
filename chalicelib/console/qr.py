"""QR codes, as one path that a page can draw without a style or a script of its own."""

from itertools import groupby
from typing import NamedTuple

_QUIET = 4  # Modules around it that the standard asks for.


class Drawing(NamedTuple):
    """A QR code.

    Attributes:
        text: what it says.
        size: its width and height in modules, the quiet zone among them.
        path: the dark modules, as the `d` of an SVG path.
    """

    text: str
    size: int
    path: str

    def __repr__(self) -> str:
        """Show how large it is, never what it says."""
        return f"Drawing(size={self.size})"


def draw(text: str) -> Drawing:
    """Return the QR code that says a text."""
    # Only the one answer that shows a code pays for it.
    import segno  # noqa: PLC0415  see above

    rows = list(segno.make_qr(text, error="m").matrix_iter(border=_QUIET))
    path = "".join(_row(y, list(row)) for y, row in enumerate(rows))
    return Drawing(text, len(rows), path)


def _row(y: int, modules: list[int]) -> str:
    """Return a row's dark modules, those that touch as one rectangle."""
    drawn, x = "", 0
    for is_dark, run in groupby(modules):
        width = len(list(run))
        if is_dark:
            drawn += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return drawn
