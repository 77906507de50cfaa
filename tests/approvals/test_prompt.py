import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.approvals.prompt import (
    TRANSITIONS,
    ApprovalPrompt,
    ApprovalPromptRecord,
    Code,
    Kind,
    Order,
    Risk,
    Scope,
    State,
    Verdict,
    approval_id,
    asked,
    closed,
    decided,
)
from chalicelib.errors import Conflict, Denied, Invalid
from tests.support.approvals import ANA, BEN
from tests.support.world import MINUTE, NOON

HOUR = 60 * MINUTE
PROMPT = ApprovalPrompt(
    id="ABC",
    owner="main",
    kind=Kind.TOOL_CALL,
    task="JOB-000001763812800",
    run_id="JOB-000001763812800",
    step="000001#000001",
    job_id="JOB",
    action="webhook.post",
    digest="d",
    basis="b",
    risk=Risk.HIGH,
    title="call webhook.post",
    text="for health",
    askers=(ANA,),
    policies=("ask",),
    policy_set="0",
)
APPROVE, DENY = Order(Verdict.APPROVE, BEN), Order(Verdict.DENY, BEN)


@pytest.fixture
def record() -> ApprovalPromptRecord:
    return asked(PROMPT, NOON, NOON + HOUR)


def test_what_is_asked_is_redacted_and_cut() -> None:
    text = "password=hunter2hunter2 " + "x" * 5_000

    told = asked(replace(PROMPT, text=text), NOON, NOON + HOUR).prompt.text

    assert "hunter2" not in told
    assert len(told) == 2_000


def test_an_approval_says_who_when_and_what_it_is_good_for(record: ApprovalPromptRecord) -> None:
    after = decided(record, APPROVE, NOON + MINUTE, two_person=False)

    assert (after.state, after.decided_by, after.scope) == (State.APPROVED, BEN, Scope.ONCE)
    assert (after.decided_at, after.code) == (NOON + MINUTE, Code.APPROVED)


def test_a_second_equal_decision_is_the_first(record: ApprovalPromptRecord) -> None:
    first = decided(record, APPROVE, NOON, two_person=False)

    again = decided(first, Order(Verdict.APPROVE, ANA), NOON + MINUTE, two_person=False)

    assert again is first


def test_another_decision_is_refused_and_says_who_decided(record: ApprovalPromptRecord) -> None:
    first = decided(record, APPROVE, NOON, two_person=False)

    with pytest.raises(Conflict, match=f"approved by {BEN} at 2026-11-22T12:00:00Z"):
        decided(first, DENY, NOON + MINUTE, two_person=False)


def test_another_scope_is_another_decision(record: ApprovalPromptRecord) -> None:
    first = decided(record, APPROVE._replace(scope=Scope.RUN), NOON, two_person=False)

    with pytest.raises(Conflict, match="approved for the run by"):
        decided(first, APPROVE, NOON, two_person=False)


@pytest.mark.parametrize("order", [APPROVE, DENY])
def test_nobody_decides_when_the_time_is_over(record: ApprovalPromptRecord, order: Order) -> None:
    with pytest.raises(Conflict, match="it expired at 2026-11-22T13:00:00Z"):
        decided(record, order, NOON + HOUR, two_person=False)


def test_an_expired_prompt_is_shown_as_such_before_anybody_wrote_it_down(
    record: ApprovalPromptRecord,
) -> None:
    assert record.shown_state(NOON + HOUR - timedelta(milliseconds=1)) is State.PENDING
    assert record.shown_state(NOON + HOUR) is State.EXPIRED


def test_what_was_withdrawn_says_that_nothing_waits(record: ApprovalPromptRecord) -> None:
    after = closed(record, Code.WITHDRAWN, NOON)

    assert after.state is State.EXPIRED
    with pytest.raises(Conflict, match="nothing waits"):
        decided(after, APPROVE, NOON, two_person=False)


def test_a_denial_has_no_scope(record: ApprovalPromptRecord) -> None:
    with pytest.raises(Invalid) as refused:
        decided(record, DENY._replace(scope=Scope.RUN), NOON, two_person=False)

    assert refused.value.faults[0].field == "scope"


@pytest.mark.parametrize(
    ("changed", "scopes"),
    [
        ({}, {"once", "run", "routine"}),
        ({"job_id": ""}, {"once", "run"}),
        ({"kind": Kind.DISPATCH}, {"once", "routine"}),
        ({"kind": Kind.DISPATCH, "job_id": ""}, {"once"}),
    ],
)
def test_a_scope_is_one_that_the_prompt_can_have(
    changed: dict[str, object], scopes: set[str]
) -> None:
    record = asked(replace(PROMPT, **changed), NOON, NOON + HOUR)  # type: ignore[arg-type]

    for scope in Scope:
        order = APPROVE._replace(scope=scope)
        if scope in scopes:
            assert decided(record, order, NOON, two_person=False).scope is scope
        else:
            with pytest.raises(Invalid):
                decided(record, order, NOON, two_person=False)


def test_where_it_takes_two_who_asked_may_deny_and_not_approve(
    record: ApprovalPromptRecord,
) -> None:
    with pytest.raises(Denied, match="two people"):
        decided(record, APPROVE._replace(actor=ANA), NOON, two_person=True)

    assert decided(record, APPROVE, NOON, two_person=True).state is State.APPROVED
    denied = decided(record, DENY._replace(actor=ANA), NOON, two_person=True)
    assert denied.state is State.DENIED


def test_where_one_is_enough_who_asked_may_approve(record: ApprovalPromptRecord) -> None:
    after = decided(record, APPROVE._replace(actor=ANA), NOON, two_person=False)

    assert after.decided_by == ANA


def test_why_it_was_decided_is_redacted(record: ApprovalPromptRecord) -> None:
    order = DENY._replace(reason="token=abcdef0123456789abcdef")

    assert "abcdef" not in decided(record, order, NOON, two_person=False).reason


def test_ids_differ_with_what_asks() -> None:
    ids = {approval_id("a", "b"), approval_id("a", "c"), approval_id("ab"), approval_id("a", "b")}

    assert len(ids) == 3


orders = st.builds(
    Order,
    st.sampled_from(Verdict),
    st.sampled_from([ANA, BEN]),
    st.sampled_from([None, *Scope]),
)
moves = st.lists(st.one_of(orders, st.sampled_from([Code.EXPIRED, Code.WITHDRAWN])), max_size=6)


@given(moves, st.booleans(), st.integers(0, 120))
def test_a_prompt_leaves_pending_once_and_stays_as_it_is(
    each: list[Order | Code],
    two_person: bool,  # noqa: FBT001 - drawn
    minutes: int,
) -> None:
    record, now = asked(PROMPT, NOON, NOON + HOUR), NOON + minutes * MINUTE
    states = [record.state]
    for move in each:
        before = record
        try:
            if isinstance(move, Order):
                record = decided(record, move, now, two_person=two_person)
            else:
                record = closed(record, move, now)
        except (Conflict, Denied, Invalid, ValueError):
            assert record is before
        states.append(record.state)
    changes = [(a, b) for a, b in itertools.pairwise(states) if a is not b]
    assert len(changes) <= 1
    assert all(b in TRANSITIONS[a] for a, b in changes)
