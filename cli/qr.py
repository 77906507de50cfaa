"""QR codes as a terminal shows them."""

from collections.abc import Iterator, Sequence

import segno
from rich.text import Text

from cli.output import Screen

_BORDER = 4
# Two modules, one above the other, share a character: whether each of them has ink.
_INK = {(False, False): " ", (False, True): "▄", (True, False): "▀", (True, True): "█"}
_PAPER = "#000000 on #ffffff"


def draw(screen: Screen, text: str) -> bool:
    """Draw a QR code that says a text; return whether the terminal could show it."""
    code = segno.make_qr(text, error="m")
    rows = [list(map(bool, row)) for row in code.matrix_iter(border=_BORDER)]
    if not screen.is_for_people or not _fits(screen, len(rows[0])):
        return False
    # Without colours nobody knows the paper: most terminals are dark, and their ink is light.
    has_paper = screen.out.color_system is not None and not screen.out.no_color
    for line in _lines(rows, ink=has_paper):
        screen.out.print(Text(line, style=_PAPER if has_paper else ""), soft_wrap=True)
    return True


def _fits(screen: Screen, width: int) -> bool:
    return screen.out.encoding.startswith("utf") and width <= screen.out.width


def _lines(rows: Sequence[Sequence[bool]], *, ink: bool) -> Iterator[str]:
    """Yield the lines; `ink` is which modules have it, the dark ones or the light ones."""
    light = [False] * len(rows[0])
    padded = [*rows, light] if len(rows) % 2 else rows
    for upper, lower in zip(padded[::2], padded[1::2], strict=True):
        pairs = zip(upper, lower, strict=True)
        yield "".join(_INK[above is ink, below is ink] for above, below in pairs)
