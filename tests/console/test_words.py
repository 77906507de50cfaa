import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.console import words
from tests.support.world import NOON

_LEAVES = st.none() | st.booleans() | st.integers() | st.text()


def test_an_instant_is_told_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert words.instant(east) == "22 Nov 2026, 12:00:00 UTC"


def test_a_day_below_ten_has_one_digit() -> None:
    assert words.instant(datetime.fromisoformat("2026-03-01T00:00:00Z")).startswith("1 Mar 2026")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (-5, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (9_949, "9.9 s"),
        (10_000, "10 s"),
        (59_999, "59 s"),
        (60_000, "1 min"),
        (3_725_000, "1 h 2 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_told_in_its_largest_units(milliseconds: int, text: str) -> None:
    assert words.duration(timedelta(milliseconds=milliseconds)) == text


@given(st.timedeltas())
def test_every_duration_has_one_or_two_parts(took: timedelta) -> None:
    parts = words.duration(took).split()
    assert len(parts) in {2, 4}


def test_json_that_says_nothing_is_nothing() -> None:
    assert words.pretty({}) == ""


def test_short_json_is_one_line() -> None:
    assert words.pretty({"b": "ü", "a": [1]}) == '{"a": [1], "b": "ü"}'


def test_long_json_is_opened_no_further_than_it_must_be() -> None:
    text = words.pretty({"b": {"c": 1}, "a": ["x" * 60, "y" * 60]})
    assert text.splitlines() == [
        "{",
        '  "a": [',
        f'    "{"x" * 60}",',
        f'    "{"y" * 60}"',
        "  ],",
        '  "b": {"c": 1}',
        "}",
    ]


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_keeps_its_meaning(content: object) -> None:
    assert json.loads(words.pretty({"content": content})) == {"content": content}


def test_a_short_text_has_no_excerpt() -> None:
    assert words.excerpt("a\nb") == ""


@pytest.mark.parametrize("text", ["word " * 300, "line\n" * 30])
def test_a_long_text_has_a_short_beginning(text: str) -> None:
    start = words.excerpt(text)
    assert text.startswith(start)
    assert 0 < len(start) <= 320
    assert start.count("\n") < 5


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs"), (1_234, "1,234 runs")]
)
def test_a_number_of_things_agrees_with_its_noun(number: int, text: str) -> None:
    assert words.count(number, "run") == text
