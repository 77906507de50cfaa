"""A journal that has grown: it is appended to, searched and verified as when it was small.

TEST_JOURNAL says how many events; two thousand, if it does not. The rows stay in the tables that
others read whole, so this comes after all of them.
"""

import os
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.deployed.appending import Appended, append
from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import SCHEDULED, Item, Owner

EVENTS = int(os.environ.get("TEST_JOURNAL", "2000"))
OWNER = "archive"
# So many entries are looked at for a page, and no more.
SMALL = 1_000
PROBES = 80
PAGES = 5
# On a busy machine the same thing takes twice as long a minute later.
MOST_TIMES = 3
# For a page, MiniStack looks at every item of a partition. DynamoDB does not: the simulator counts.
EMULATED_SECONDS = EVENTS / 50_000
VERIFIED_WITHIN_SECONDS = 30 + EVENTS / 200
SEARCHES: Mapping[str, Item] = {
    "newest": {},
    "text": {"text": "job 3"},
    "nothing": {"kind": "nothing"},
}


@dataclass(frozen=True)
class Figures:
    """What was measured of a journal.

    Attributes:
        pages: the median of seconds that a page took, by what was asked for.
        verified: in how many seconds.
    """

    appended: Appended
    pages: Mapping[str, float]
    verified: float


def page(owner: Owner, query: Item) -> float:
    took = []
    for _ in range(PAGES):
        begun = time.monotonic()
        assert owner.get("/v1/journal", **query).status_code == 200
        took.append(time.monotonic() - begun)
    return statistics.median(took)


def verified(owner: Owner) -> tuple[Item, float]:
    begun = time.monotonic()
    path = f"/v1/journal/verify/{owner.post('/v1/journal/verify', {}).json()['id']}"
    eventually(
        lambda: owner.get(path).json().get("complete"), seconds=VERIFIED_WITHIN_SECONDS, pause=0.2
    )
    found: Item = owner.get(path).json()
    return found, time.monotonic() - begun


def measured(cloud: Cloud, owner: Owner) -> Figures:
    appended = append(cloud, OWNER, PROBES)
    pages = {name: page(owner, query) for name, query in SEARCHES.items()}
    return Figures(appended, pages, verified(owner)[1])


def test_a_large_journal_is_no_slower_than_a_small_one(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = Owner(cloud, cloud.token_of(OWNER))
    append(cloud, OWNER, SMALL, "fast")
    small = measured(cloud, owner)

    filled = append(cloud, OWNER, EVENTS - SMALL - 3 * PROBES, "fast")
    assert cloud.invoke("journal_seal", SCHEDULED)["broken"] == 0
    large = measured(cloud, owner)
    last = append(cloud, OWNER, PROBES)
    found, _ = verified(owner)

    with capsys.disabled():
        sys.stdout.write(f"\n{EVENTS} events, written in {filled.seconds} s\n")
        sys.stdout.write(f"small: {small}\nlarge: {large}\n")
    assert found["holds"], found
    assert found["events"] >= EVENTS  # Asking for verifications is journaled, too.
    # In milliseconds; what takes less than these is the emulator's own doing.
    assert min(large.appended.p50, last.p50) <= MOST_TIMES * max(small.appended.p50, 10)
    for name, seconds in large.pages.items():
        assert seconds <= MOST_TIMES * max(small.pages[name], 0.2) + EMULATED_SECONDS, name
