"""The states of a pairing: one table, and nothing leads out of an end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.nodes.pairing.machine import (
    ENDED,
    LASTS,
    TRANSITIONS,
    NoSuchStep,
    SessionState,
    Step,
    after,
)
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.session import Origin, PairingSession, Polling

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_session(state: SessionState) -> PairingSession:
    return PairingSession(
        id="01SESSION",
        owner="main",
        code_id="K7QM",
        code_serial="01CODE",
        method=PairingMethod.PIN,
        client_kind=ClientKind.DAEMON,
        minted_by="token:laptop",
        label="",
        device_id="01DEVICE",
        spki_sha256="00",
        transcript_sha256="11",
        origin=Origin("203.0.113.7"),
        state=state,
        version=1,
        op="01OP",
        created_at=NOON,
        deadline=NOON + timedelta(minutes=5),
        nonce="n",
        polling=Polling(NOON),
    )


def test_the_ends_are_those_that_are_documented() -> None:
    ends = {SessionState.FAILED, SessionState.REJECTED, SessionState.EXPIRED, SessionState.ACTIVE}
    assert ends == ENDED


@pytest.mark.parametrize("state", sorted(ENDED))
@pytest.mark.parametrize("step", [*Step])
def test_nothing_leads_out_of_an_end(state: SessionState, step: Step) -> None:
    with pytest.raises(NoSuchStep):
        after(state, step)


def test_every_state_that_is_no_end_expires() -> None:
    for state in set(SessionState) - ENDED:
        assert after(state, Step.EXPIRE) is SessionState.EXPIRED


def test_a_certificate_needs_an_approval_before_and_an_approval_a_proof() -> None:
    into = {(step, state): before for (before, step), state in TRANSITIONS.items()}
    assert into[Step.ISSUE, SessionState.ISSUED] is SessionState.APPROVED
    assert into[Step.APPROVE, SessionState.APPROVED] is SessionState.PENDING_APPROVAL
    assert into[Step.PROVE, SessionState.PENDING_APPROVAL] is SessionState.VERIFYING
    assert into[Step.HELLO, SessionState.VERIFYING] is SessionState.AWAITING_HELLO
    certified = [before for (before, _), state in TRANSITIONS.items() if state == "issued"]
    assert certified == [SessionState.APPROVED]


@given(st.lists(st.sampled_from([*Step]), max_size=12))
def test_every_step_raises_the_version_and_no_deadline_outlasts_its_state(
    steps: list[Step],
) -> None:
    session = a_session(SessionState.AWAITING_HELLO)
    for number, step in enumerate(steps):
        now = NOON + timedelta(seconds=number)
        try:
            moved = session.moved(step, now, f"op{number}")
        except NoSuchStep:
            assert (session.state, step) not in TRANSITIONS
            continue
        assert moved.version == session.version + 1
        lasts = LASTS.get(moved.state)
        assert moved.deadline == (session.deadline if lasts is None else now + lasts)
        session = moved


def test_a_state_is_over_at_its_deadline_and_not_before() -> None:
    session = a_session(SessionState.PENDING_APPROVAL)
    last = session.deadline - timedelta(milliseconds=1)
    assert session.standing(last) is SessionState.PENDING_APPROVAL
    assert session.standing(session.deadline) is SessionState.EXPIRED
    assert a_session(SessionState.REJECTED).standing(session.deadline) is SessionState.REJECTED


def test_whoever_asks_too_early_waits_twice_as_long_each_time_and_is_forgiven() -> None:
    polling = Polling(NOON + timedelta(seconds=3))
    waits = []
    for _ in range(6):
        polling = polling.asked(NOON)
        waits.append(polling.interval.total_seconds())
    assert waits == [6, 12, 24, 48, 48, 48]
    assert polling.asked(polling.at).interval.total_seconds() == 3


def test_the_prompt_has_no_option_chosen_and_says_whom_it_replaces() -> None:
    session = a_session(SessionState.PENDING_APPROVAL)
    assert session.prompt.options == ("approve", "reject")
    assert session.prompt.replaces is None

    prompt = replace(session, replaces=True).prompt
    assert prompt.replaces == session.device_id
    assert "replaces a device" in prompt.summary
