"""The page of approvals: what somebody has to decide, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.approvals.prompt import ApprovalPromptRecord, State
from chalicelib.approvals.service import Approvals
from chalicelib.console.status import Status, Tone

_STATUS = {
    State.PENDING: Status("Pending", Tone.WARN, "clock"),
    State.APPROVED: Status("Approved", Tone.GOOD, "check"),
    State.DENIED: Status("Denied", Tone.BAD, "shield"),
    State.EXPIRED: Status("Expired", Tone.CALM, "clock"),
}


class ApprovalLine(NamedTuple):
    """An approval in a list.

    Attributes:
        page: of its run or job, or empty where neither has one yet.
        is_open: it can still be decided.
    """

    record: ApprovalPromptRecord
    status: Status
    page: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsPage:
    """A page of approvals, the pending ones first."""

    lines: Sequence[ApprovalLine]
    older: str | None
    is_first: bool


def approvals_page(
    approvals: Approvals, owner: str, now: datetime, after: str | None, limit: int
) -> ApprovalsPage:
    """Return a page of an owner's approvals."""
    found = approvals.list(owner, None, after, limit)
    return ApprovalsPage(
        lines=[_line(record, now) for record in found.items],
        older=found.next,
        is_first=after is None,
    )


def _line(record: ApprovalPromptRecord, now: datetime) -> ApprovalLine:
    prompt, state = record.prompt, record.shown_state(now)
    page = f"runs/{prompt.run_id}" if prompt.step else ""
    if not page and prompt.job_id:
        page = f"jobs/{prompt.job_id}"
    return ApprovalLine(record, _STATUS[state], page, state is State.PENDING)
