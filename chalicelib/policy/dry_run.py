"""Dry runs: what a draft would have decided otherwise, and nothing comes of it.

Asked again are the dispatches that were decided lately and each tool that these were granted; and,
of the API, every operation for every role.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.operations import RESOURCES, operation
from chalicelib.policy.request import Decision, Question, Role

_ANYBODY = "token:anybody"
MOST_DECISIONS = 1_000
MOST_SHOWN = 100


class Recorded(NamedTuple):
    """A question that was decided, or would have been.

    Attributes:
        task_id: the task that it was about.
        tool: what would have been called; empty for the dispatch itself.
    """

    at: datetime
    task_id: str
    tool: str
    question: Question


class Changed(NamedTuple):
    """A question that two sets of policies answer differently."""

    recorded: Recorded
    before: Decision
    after: Decision


class ChangedAccess(NamedTuple):
    """An operation that a role may do by one set of policies alone."""

    role: Role
    action: str
    before: Decision
    after: Decision


class DryRun(NamedTuple):
    """What would be different.

    Attributes:
        looked_at: how many questions were asked again.
        differing: how many of them are answered differently; the first 100 are shown.
    """

    policy_set: str
    compared_with: str
    looked_at: int
    differing: int
    changed: list[Changed]
    access: list[ChangedAccess]


def dry_run(
    owner: str, before: PolicyEngine, after: PolicyEngine, recorded: Iterable[Recorded]
) -> DryRun:
    """Ask both sets of policies what was decided lately."""
    looked_at, changed = 0, list[Changed]()
    count = 0
    for each in recorded:
        looked_at += 1
        answers = Changed(each, before.decide(each.question), after.decide(each.question))
        if _differ(answers.before, answers.after):
            count += 1
            changed += [answers] if count <= MOST_SHOWN else []
    return DryRun(
        policy_set=after.fingerprint,
        compared_with=before.fingerprint,
        looked_at=looked_at,
        differing=count,
        changed=changed,
        access=list(_access(owner, before, after)),
    )


def _access(owner: str, before: PolicyEngine, after: PolicyEngine) -> Iterator[ChangedAccess]:
    for action in sorted(RESOURCES):
        for role in Role:
            question = operation(owner, _ANYBODY, role, action)
            answers = before.decide(question), after.decide(question)
            if _differ(*answers):
                yield ChangedAccess(role, action, *answers)


def _differ(before: Decision, after: Decision) -> bool:
    return (before.allowed, before.reason) != (after.allowed, after.reason)
