"""What operators' writes on policies leave in the journal; ids are derived."""

from typing import Any

from chalicelib.journal.event import Event
from chalicelib.policy.draft import Summary
from chalicelib.policy.versions import Activation, PolicyVersion

_SUBJECT = "policies"


def created(owner: str, version: PolicyVersion, summaries: list[Summary]) -> Event:
    """Return the event of a version's making, with the ids of its policies."""
    return Event(
        id=f"{_SUBJECT}/{version.version}/created",
        owner=owner,
        kind="policies.created",
        actor=version.author,
        subject=_SUBJECT,
        at=version.at,
        details={
            "version": version.version,
            "sha256": version.sha256,
            "note": version.note,
            "policies": [each.id for each in summaries],
        },
    )


def activated(owner: str, before: Activation, after: Activation, policy_set: str) -> Event:
    """Return the event of another version's becoming active."""
    details: dict[str, Any] = {
        "from": before.version,
        "to": after.version,
        "number": after.number,
        "policy_set": policy_set,
    }
    assert after.at is not None  # noqa: S101 - what is activated has an instant
    return Event(
        id=f"{_SUBJECT}/activated/{after.number}",
        owner=owner,
        kind="policies.activated",
        actor=after.by,
        subject=_SUBJECT,
        at=after.at,
        details=details,
    )
