"""ApprovalPrompt: what a person is asked, and the rules of its one decision.

A prompt is pending until it is approved, denied or expired, and nothing changes it afterwards. Its
id is derived from what asks, so that asking again finds the same prompt. One whose time is over is
expired whether or not anybody has written that down yet.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.background.task import TaskRef, derived_key
from chalicelib.clock import rfc3339
from chalicelib.errors import Conflict, Denied, Invalid
from chalicelib.incidents.bounds import cut
from chalicelib.journal.chain import canonical

TEXT_CHARACTERS = 2_000
TITLE_CHARACTERS = 200
REASON_CHARACTERS = 500
DAEMON = "system:daemon"


class State(StrEnum):
    """Where a prompt stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.APPROVED, State.DENIED, State.EXPIRED}),
    State.APPROVED: frozenset(),
    State.DENIED: frozenset(),
    State.EXPIRED: frozenset(),
}


class Verdict(StrEnum):
    """What an operator says."""

    APPROVE = "approve"
    DENY = "deny"

    @property
    def leads_to(self) -> State:
        """Return the state of a prompt of which this was said."""
        return State.APPROVED if self is Verdict.APPROVE else State.DENIED


class Scope(StrEnum):
    """What an approval is good for: one call, the rest of the run, later runs of the routine."""

    ONCE = "once"
    RUN = "run"
    ROUTINE = "routine"


class Risk(StrEnum):
    """How much harm it could do, from the least to the most."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Kind(StrEnum):
    """What waits for a decision; the wiring knows who wakes it."""

    TOOL_CALL = "tool_call"
    DISPATCH = "dispatch"


class Code(StrEnum):
    """Why a prompt is no longer pending, as ledgers and the journal say it."""

    APPROVED = "approval.approved"
    DENIED = "approval.denied"
    EXPIRED = "approval.expired"
    # What waited has ended, or gone on, without it.
    WITHDRAWN = "approval.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPrompt:
    """What is asked.

    Attributes:
        id: derived from what asks.
        task: id of the task that waits, and `run_id` of its run.
        step: key of the run's step that announced it; empty where the run has not begun.
        job_id: the routine whose run it is, or empty.
        action: the tool that would be called, or `dispatch`.
        digest: SHA-256 of the exact arguments.
        basis: digest of what the routine is; a standing approval ends when that changes.
        title: one line, about nobody.
        text: what would be done, for a person; redacted.
        askers: who made the routine or task, or asked for it to run.
        policies: ids of the policies that ask for an approval, and `policy_set` which these were.
    """

    id: str
    owner: str
    kind: Kind
    task: str
    run_id: str
    step: str
    job_id: str
    action: str
    digest: str
    basis: str
    risk: Risk
    title: str
    text: str
    askers: tuple[str, ...]
    policies: tuple[str, ...]
    policy_set: str

    @property
    def subject(self) -> str:
        """Return what it is about: the job of a slot, else the task."""
        return self.job_id or self.task

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Return what its approval can be good for."""
        run = (Scope.RUN,) if self.kind is Kind.TOOL_CALL else ()
        routine = (Scope.ROUTINE,) if self.job_id else ()
        return (Scope.ONCE, *run, *routine)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPromptRecord:
    """A prompt, and what became of it.

    Attributes:
        expires_at: from when on it can no longer be decided.
        decided_at: when it left the state pending, and `decided_by` by whom.
        code: why, or empty while it is pending.
        is_erased: what it said, and why it was decided so, is gone.
    """

    prompt: ApprovalPrompt
    asked_at: datetime
    expires_at: datetime
    state: State = State.PENDING
    decided_at: datetime | None = None
    decided_by: str = ""
    scope: Scope | None = None
    reason: str = ""
    code: str = ""
    is_erased: bool = False

    @property
    def id(self) -> str:
        """Return the id of the prompt."""
        return self.prompt.id

    def is_over(self, now: datetime) -> bool:
        """Return whether its time is over; nobody can decide it from then on."""
        return self.expires_at <= now

    def shown_state(self, now: datetime) -> State:
        """Return its state as operators see it."""
        is_expired = self.state is State.PENDING and self.is_over(now)
        return State.EXPIRED if is_expired else self.state


class Order(NamedTuple):
    """What an operator decides; a denial has no scope."""

    verdict: Verdict
    actor: str
    scope: Scope | None = None
    reason: str = ""


def asked(prompt: ApprovalPrompt, now: datetime, expires_at: datetime) -> ApprovalPromptRecord:
    """Return the record of a prompt that is asked now, redacted and cut."""
    told = replace(
        prompt,
        title=cut(prompt.title, TITLE_CHARACTERS),
        text=cut(prompt.text, TEXT_CHARACTERS),
    )
    return ApprovalPromptRecord(prompt=told, asked_at=now, expires_at=expires_at)


def decided(
    record: ApprovalPromptRecord, order: Order, now: datetime, *, two_person: bool
) -> ApprovalPromptRecord:
    """Return the record as an order leaves it; the same where that was decided before.

    Raises:
        Conflict: it was decided otherwise, or its time is over.
        Invalid: the approval cannot have this scope.
        Denied: whoever asked may not approve it.
    """
    scope = _scope(record, order)
    if record.state is not State.PENDING:
        return _as_before(record, order.verdict.leads_to, scope)
    if record.is_over(now):
        raise _expired(record)
    if two_person and order.verdict is Verdict.APPROVE and order.actor in record.prompt.askers:
        raise Denied(
            f"{order.actor} asked for it, and approvals take two people",
            fix="let another operator approve it",
        )
    return replace(
        record,
        state=_moved(record, order.verdict.leads_to),
        decided_at=now,
        decided_by=order.actor,
        scope=scope,
        reason=cut(order.reason, REASON_CHARACTERS),
        code=Code.APPROVED if order.verdict is Verdict.APPROVE else Code.DENIED,
    )


def closed(record: ApprovalPromptRecord, code: Code, now: datetime) -> ApprovalPromptRecord:
    """Return the record of a pending prompt that nobody can decide any more."""
    state = _moved(record, State.EXPIRED)
    return replace(record, state=state, decided_at=now, decided_by=DAEMON, code=code)


def approval_id(*names: str) -> str:
    """Return the id of what asks under these names: 26 characters, the same for the same names."""
    return derived_key("approval", *names)


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of content, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def incident_key(record: ApprovalPromptRecord) -> str:
    """Return the dedupe key of the incident of a prompt that nobody decides."""
    return f"approval:{record.id}"


def job_of(ref: TaskRef) -> str:
    """Return the routine that a task is a firing of, or nothing."""
    return ref.subject if ref.is_slot else ""


def _scope(record: ApprovalPromptRecord, order: Order) -> Scope | None:
    if order.verdict is Verdict.DENY:
        if order.scope is None:
            return None
        raise Invalid("a denial has no scope", field="scope", fix="leave it out")
    scope, possible = order.scope or Scope.ONCE, record.prompt.scopes
    if scope not in possible:
        detail = f"the approval of this {record.prompt.kind} cannot be for the {scope}"
        raise Invalid(detail, field="scope", fix=f"use: {', '.join(possible)}")
    return scope


def _as_before(
    record: ApprovalPromptRecord, state: State, scope: Scope | None
) -> ApprovalPromptRecord:
    if record.state is State.EXPIRED:
        raise _expired(record)
    if (record.state, record.scope) == (state, scope):
        return record
    at = f" at {rfc3339(record.decided_at)}" if record.decided_at else ""
    more = f" for the {record.scope}" if record.scope in {Scope.RUN, Scope.ROUTINE} else ""
    raise Conflict(
        f"it was {record.state}{more} by {record.decided_by}{at}",
        fix="a decision stands; cancel the task where it must not go on",
    )


def _expired(record: ApprovalPromptRecord) -> Conflict:
    if record.code == Code.WITHDRAWN:
        return Conflict("nothing waits for it any more", fix="there is nothing to decide")
    detail = f"it expired at {rfc3339(record.expires_at)}"
    return Conflict(detail, fix="retry the task, or run the job: it asks anew")


def _moved(record: ApprovalPromptRecord, to: State) -> State:
    if to not in TRANSITIONS[record.state]:
        raise ValueError(f"{record.state} does not lead to {to}")
    return to
