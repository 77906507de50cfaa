"""A journal costs the same to append to, to search and to seal, however much there is of it."""

import logging
import os
from collections.abc import Iterator

import pytest

from tests.simulation.journal_scale import Size, grown

IN_FULL = os.environ.get("TEST_SIMULATION") == "full"
MANY = 1_000_000 if IN_FULL else 20_000
FEW, FULL_PAGES = 10, 1_000


@pytest.fixture(scope="module")
def sizes() -> Iterator[dict[int, Size]]:
    logging.disable(logging.CRITICAL)
    made = {size.events: size for size in grown((FEW, FULL_PAGES, MANY // 10, MANY))}
    for size in made.values():
        print(size)  # noqa: T201 - the figures are asked for
    yield made
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("what", ["append", "head", "seal"])
def test_what_looks_at_ends_costs_the_same_from_ten_events_on(
    sizes: dict[int, Size], what: str
) -> None:
    assert getattr(sizes[MANY], what) == getattr(sizes[FEW], what)


def test_an_append_is_one_request_and_one_unit(sizes: dict[int, Size]) -> None:
    assert sizes[MANY].append == (1, 1, 0)


@pytest.mark.parametrize("what", ["page", "next_page", "subject_page"])
def test_a_page_that_is_full_costs_the_same(sizes: dict[int, Size], what: str) -> None:
    assert getattr(sizes[MANY], what) == getattr(sizes[FULL_PAGES], what)


def test_a_first_page_takes_as_many_requests_as_in_a_journal_of_ten(
    sizes: dict[int, Size],
) -> None:
    assert sizes[MANY].page.requests == sizes[FEW].page.requests


def test_a_verification_reads_the_same_for_each_event(sizes: dict[int, Size]) -> None:
    tenth, whole = sizes[MANY // 10].verified.cost, sizes[MANY].verified.cost

    assert whole.reads <= tenth.reads
    assert whole.requests <= tenth.requests
    assert whole.writes == 0
