from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.background.gate.gate import EVERYTHING, Gate
from tests.support.world import MINUTE, NOON

BY = "token:test"


def closed(scope: str = "main") -> Gate:
    return Gate().closing(scope, BY, NOON)


def test_a_gate_is_open_until_it_is_closed() -> None:
    assert Gate().closed("main") is None
    assert closed().closed("main") is not None


def test_an_owner_closes_nobody_elses_gate() -> None:
    assert closed().closed("other") is None


def test_everything_is_everybodys_gate() -> None:
    assert closed(EVERYTHING).closed("other") is not None


def test_a_gate_is_closed_while_either_part_is() -> None:
    gate = closed().closing(EVERYTHING, BY, NOON).opening("main", NOON + MINUTE)

    assert gate.closed("main") is not None
    assert gate.opening(EVERYTHING, NOON + MINUTE).closed("main") is None


def test_closing_what_is_closed_and_opening_what_is_open_changes_nothing() -> None:
    assert closed().closing("main", "token:other", NOON + MINUTE) == closed()
    assert Gate().opening("main", NOON) == Gate()


def test_a_period_covers_what_comes_after_its_beginning_up_to_its_end() -> None:
    gate = closed().opening("main", NOON + 2 * MINUTE)

    covered = [minute for minute in range(-1, 5) if gate.covering("main", NOON + minute * MINUTE)]

    assert covered == [1, 2]


def test_a_gate_that_is_closed_covers_all_that_comes() -> None:
    assert closed().covering("main", NOON + timedelta(days=1_000)) is not None


def test_periods_are_remembered_when_the_gate_is_closed_again() -> None:
    gate = closed().opening("main", NOON + MINUTE).closing("main", BY, NOON + 3 * MINUTE)

    assert gate.covering("main", NOON + MINUTE) is not None
    assert gate.covering("main", NOON + 2 * MINUTE) is None
    assert gate.next_since("main", NOON + 2 * MINUTE) == NOON + 3 * MINUTE


def test_a_clock_that_lags_does_not_open_before_it_was_closed() -> None:
    gate = closed().opening("main", NOON - MINUTE)

    assert gate.periods["main"][-1].until == NOON


@given(st.integers(1, 60))
def test_the_gate_stays_small(times: int) -> None:
    gate = Gate()
    for number in range(times):
        gate = gate.closing("main", BY, NOON + 2 * number * MINUTE)
        gate = gate.opening("main", NOON + (2 * number + 1) * MINUTE)

    assert len(gate.periods["main"]) <= 16
    assert gate.ver == 2 * times


def test_what_is_due_waits_while_the_gate_is_closed_and_what_came_due_then_may_be_late() -> None:
    gate = closed()
    assert gate.excuses("main", NOON - MINUTE)
    assert not gate.excuses("other", NOON + MINUTE)
    gate = gate.opening("main", NOON + 10 * MINUTE)
    assert gate.excuses("main", NOON + MINUTE)
    assert not gate.excuses("main", NOON - MINUTE)
    assert not gate.excuses("main", NOON + 11 * MINUTE)
