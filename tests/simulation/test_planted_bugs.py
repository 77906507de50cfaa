from pathlib import Path

import pytest

from chalicelib.background.store import WorkStore
from tests.simulation.faults import Schedule
from tests.simulation.hunting import catches, hunted
from tests.simulation.journal_bugs import BUGS
from tests.simulation.planting import Bug, Edit, Moved, planted
from tests.simulation.recovery_flows import FLOWS
from tests.simulation.replays import LINES
from tests.simulation.simulate import Simulator

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "planted-bugs.md"
FEWEST = 34 + 20  # Of tasks and jobs, and of the journal.


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_a_planted_bug_is_caught_by_the_invariant_it_breaks(simulator: Simulator, bug: Bug) -> None:
    if not catches(simulator, bug, Schedule.parse(bug.line)):
        found = hunted(simulator, bug)

        assert found, f"nothing catches {bug.name} by {' or '.join(bug.invariants)}"
        print(f"the replay line of {bug.name} is now {found}")  # noqa: T201 - for replays.py


def test_a_bug_whose_line_misses_is_found_by_the_search(simulator: Simulator) -> None:
    bug = next(bug for bug in BUGS if bug.name == "rescue-not-counted")

    assert hunted(simulator, bug._replace(line="task:0")) is not None


def test_a_line_is_found_again_behind_more_calls(simulator: Simulator) -> None:
    bug = next(bug for bug in BUGS if len(Schedule.parse(bug.line).switches) > 1)
    line = Schedule.parse(bug.line)
    moved = line._replace(switches=tuple((at + 4, how) for at, how in line.switches))

    assert not catches(simulator, bug, moved)
    assert hunted(simulator, bug._replace(line=str(moved))) is not None


def test_code_that_is_in_order_is_not_caught(simulator: Simulator) -> None:
    assert not any(
        catches(simulator, bug._replace(edits=()), Schedule.parse(bug.line)) for bug in BUGS[:8]
    )


def test_there_are_enough_bugs_each_with_flows_and_a_line() -> None:
    assert len(BUGS) >= FEWEST
    assert [bug.name for bug in BUGS] == list(LINES)
    assert {flow for bug in BUGS for flow in bug.flows} <= FLOWS.keys()
    assert all(Schedule.parse(bug.line).flow in bug.flows for bug in BUGS)


def test_the_page_lists_each_bug_and_no_other() -> None:
    rows = [f"| `{bug.name}` | {bug.what} | {'; '.join(bug.invariants)} |" for bug in BUGS]

    assert [line for line in PAGE.read_text().splitlines() if line.startswith("| `")] == rows


def test_code_is_as_it_was_behind_a_bug() -> None:
    before = WorkStore.claim.__code__
    bug = next(bug for bug in BUGS if bug.name == "claim-leaves-wake-at")

    with planted(bug):
        assert WorkStore.claim.__code__ is not before
    assert WorkStore.claim.__code__ is before


def test_a_bug_whose_place_is_gone_is_refused() -> None:
    edit = Edit("chalicelib.background.store:WorkStore.claim", "no such code", "")
    bug = BUGS[0]._replace(edits=(edit,))

    with pytest.raises(Moved, match="does not say once: no such code"), planted(bug):
        pass
