import inspect
import itertools
import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.background.store import WorkStore
from tests.simulation.bugs import BUGS
from tests.simulation.faults import Schedule
from tests.simulation.flows import FLOWS
from tests.simulation.planting import Bug, Edit, Moved, planted
from tests.simulation.simulate import simulator
from tests.simulation.world import Runaway

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "planted-bugs.md"
FEWEST_BUGS = 34
MOST_SCHEDULES = 1_500
FURTHEST_SHIFT = 8
SEEDS = range(8)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_is_caught_by_the_invariant_that_it_breaks(bug: Bug) -> None:
    if not (bug.line and catches(bug, Schedule.parse(bug.line))):
        found = searched(bug)

        assert found, f"no schedule catches it by {bug.invariants}"
        print(f"the new replay line of {bug.name} is {found}")  # noqa: T201 - shown with -rP


def test_a_bug_without_a_line_is_found_by_the_search() -> None:
    bug = next(bug for bug in BUGS if bug.name == "call-repeated")

    assert searched(bug._replace(line=""))


def test_there_are_enough_bugs_and_each_has_a_name_and_flows_of_its_own() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= FEWEST_BUGS
    assert {flow for bug in BUGS for flow in bug.flows} <= FLOWS.keys()


def test_the_page_lists_each_bug_and_no_other() -> None:
    rows = [f"| `{b.name}` | {b.what} | {'; '.join(b.invariants)} |" for b in BUGS]

    assert [line for line in PAGE.read_text().splitlines() if line.startswith("| `")] == rows


def test_code_is_as_it_was_after_a_bug() -> None:
    before = [inspect.getsource(WorkStore.claim), WorkStore.claim.__code__]
    bug = next(bug for bug in BUGS if bug.name == "claim-leaves-wake-at")

    with planted(bug):
        assert WorkStore.claim.__code__ is not before[1]
    assert [inspect.getsource(WorkStore.claim), WorkStore.claim.__code__] == before


def test_a_bug_whose_place_is_gone_is_refused() -> None:
    edit = Edit("chalicelib.background.store:WorkStore.claim", "no such code", "")

    with pytest.raises(Moved, match="does not say once: no such code"), planted(
        BUGS[0]._replace(edits=(edit,))
    ):
        pass


def catches(bug: Bug, schedule: Schedule) -> bool:
    # Without the bug first: it also prepares the flow, once, by code that is in order.
    if broken(schedule):
        return False
    with planted(bug):
        return broken(schedule)[:1] in [[name] for name in bug.invariants]


def broken(schedule: Schedule) -> list[str]:
    try:
        return [each.invariant for each in simulator().run(schedule).violations]
    except Runaway:
        return ["it comes to no end"]


def searched(bug: Bug) -> Schedule | None:
    schedules = itertools.chain(shifted(bug), single_faults(bug), drawn(bug))
    bounded = itertools.islice(schedules, MOST_SCHEDULES)
    return next((schedule for schedule in bounded if catches(bug, schedule)), None)


def shifted(bug: Bug) -> Iterator[Schedule]:
    """Yield what the line has become where some calls more or fewer are made."""
    if not bug.line:
        return
    line = Schedule.parse(bug.line)
    for by in sorted(range(-FURTHEST_SHIFT, FURTHEST_SHIFT + 1), key=abs):
        for first in sorted({at for at, _ in (*line.faults, *line.switches)}):
            faults = tuple((at + by * (at >= first), how) for at, how in line.faults)
            switches = tuple((at + by * (at >= first), how) for at, how in line.switches)
            yield line._replace(faults=faults, switches=switches)


def single_faults(bug: Bug) -> Iterator[Schedule]:
    """Yield what happens without a fault, and with one at each call."""
    for flow in bug.flows:
        yield from (Schedule(flow, seed) for seed in SEEDS)
        for at in range(1, length(flow) + 1):
            yield from (Schedule(flow, at % 2, ((at, how),)) for how in (3, 4, 5, 0))
            yield from (Schedule(flow, at % 2, (), ((at, how),)) for how in (0, 1, 2))


def drawn(bug: Bug) -> Iterator[Schedule]:
    """Yield schedules by chance, the same ones each time."""
    chooser = random.Random(bug.name)
    while True:
        for flow in bug.flows:
            yield Schedule.random(flow, length(flow), chooser)


def length(flow: str) -> int:
    return max(simulator().run(Schedule(flow, seed)).exposed for seed in SEEDS)
