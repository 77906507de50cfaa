"""QR codes in a terminal."""

from io import StringIO

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from cli.output import Screen
from cli.qr import draw
from tests.cli.terminal import Terminal, _console

TEXT = "gwpair:1?g=gw-0123456789abcdef&u=http%3A%2F%2Flocalhost&c=K7QM&s=" + "A" * 43


def drawn(text: str, columns: int = 200) -> list[list[bool]]:
    """Return the modules that were drawn; light ones are ink where the terminal has no colour."""
    out = StringIO()
    assert draw(Screen(out=_console(out, columns, "utf-8")), text)
    halves = {" ": (True, True), "▄": (True, False), "▀": (False, True), "█": (False, False)}
    rows = []
    for line in out.getvalue().splitlines():
        pairs = [halves[each] for each in line]
        rows += [[above for above, _ in pairs], [below for _, below in pairs]]
    return rows


@settings(max_examples=30)
@given(text=st.text(min_size=1, max_size=200))
def test_each_module_is_drawn_with_a_border_of_four(text: str) -> None:
    code = segno.make_qr(text, error="m")
    wanted = [list(map(bool, row)) for row in code.matrix_iter(border=4)]

    rows = drawn(text)

    assert rows[: len(wanted)] == wanted
    assert not any(map(any, rows[len(wanted) :]))


def test_a_terminal_with_colours_shows_dark_on_light() -> None:
    out = StringIO()
    console = Console(
        file=out, force_terminal=True, width=200, color_system="truecolor", _environ={}
    )
    assert draw(Screen(out=console), TEXT)
    first = out.getvalue().splitlines()[0]
    # The border is paper, with no ink on it.
    assert first.startswith("\x1b[38;2;0;0;0;48;2;255;255;255m    ")


@pytest.mark.parametrize(
    ("columns", "encoding"), [(0, "utf-8"), (40, "utf-8"), (200, "iso-8859-1")]
)
def test_what_does_not_fit_is_not_drawn(columns: int, encoding: str) -> None:
    out = StringIO()
    assert not draw(Screen(out=_console(out, columns, encoding)), TEXT)
    assert out.getvalue() == ""


def test_a_person_gets_the_drawing_and_a_pipe_the_text(terminal: Terminal) -> None:
    words = ("pairing", "mint", "--method", "qr")
    drawing, narrow, piped = (terminal.run(*words, columns=each) for each in (120, 40, 0))
    assert "▀" in drawing.out
    assert "gwpair:1?" in drawing.out
    assert "▀" not in narrow.out + piped.out
    assert "too narrow" in narrow.err
    assert "QR       gwpair:1?" in piped.out
    assert "too narrow" not in piped.err
