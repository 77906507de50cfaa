"""What a tick with nothing to do costs: the same with few jobs and with many."""

import os

import pytest

from chalicelib.settings import Settings
from tests.bench.units import idle_tick

FEW, MANY, MOST = 10, 1_000, 100_000
IN_FULL = os.environ.get("TEST_SIMULATION") == "full"


def reads(jobs: int) -> float:
    return sum(idle_tick(jobs).reads.values())


def test_an_idle_tick_reads_at_most_one_unit_a_shard() -> None:
    assert 0 < reads(FEW) <= Settings().shards


@pytest.mark.parametrize(
    "jobs",
    [
        MANY,
        pytest.param(
            MOST,
            marks=pytest.mark.skipif(not IN_FULL, reason="TEST_SIMULATION=full asks for it"),
        ),
    ],
)
def test_an_idle_tick_reads_as_much_with_many_jobs_as_with_few(jobs: int) -> None:
    assert idle_tick(jobs).reads == idle_tick(FEW).reads


def test_an_idle_tick_writes_nothing_but_that_it_was_there() -> None:
    units = idle_tick(FEW)

    assert units.writes.total() == 1
    assert [name for name in units.calls if name.startswith(("Put", "Update", "Delete"))] == [
        "UpdateItem palyra-local-system"
    ]
