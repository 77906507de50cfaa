"""Redacting takes time in proportion to the text, whatever the text is.

What is compared is a ratio of processor times, the best of a few each: four times the text may take
six times as long, where a quadratic pattern would take sixteen times.
"""

import time

import pytest

from chalicelib.redaction import redact_text
from tests.redaction.hostile import texts

SMALL, LARGE = 4 * 1024, 16 * 1024
MOST, TRIES = 6, 5
# Below that a time says nothing.
LEAST_SECONDS = 0.001
NAMES = [name for name, _ in texts(1)]


@pytest.mark.parametrize("name", NAMES)
def test_four_times_the_text_takes_at_most_six_times_as_long(name: str) -> None:
    small, large = dict(texts(SMALL))[name], dict(texts(LARGE))[name]
    ratios = []
    for _ in range(TRIES):
        ratios.append(_seconds(large) / max(_seconds(small), LEAST_SECONDS))
        if ratios[-1] <= MOST:
            return
    pytest.fail(f"four times the text took {min(ratios):.1f} times as long")


@pytest.mark.parametrize(
    "name",
    ["words", "secrets", "base64", "open braces", "percent of secrets", "closed quotes", "options"],
)
def test_256_kb_take_at_most_six_times_as_long_as_a_quarter(name: str) -> None:
    quarter, whole = dict(texts(64 * 1024))[name], dict(texts(256 * 1024))[name]
    assert any(_seconds(whole) <= MOST * _seconds(quarter) for _ in range(TRIES))


def _seconds(text: str) -> float:
    before = time.process_time()
    redact_text(text)
    return time.process_time() - before
