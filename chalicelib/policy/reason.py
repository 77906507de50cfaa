"""Reason codes: why a request was allowed or refused, as words that programs can rely on."""

from enum import StrEnum


class Reason(StrEnum):
    """Why, the code that says most first: where several hold, the first one is told.

    A policy among the defaults names its own by `@reason`; every other that forbids is `forbidden`.
    """

    ALLOW = "policy.allow"
    ERROR = "policy.error"
    UNAVAILABLE = "policy.unavailable"
    FOREIGN = "owner.foreign"
    NOT_GRANTED = "tool.not_granted"
    CAPABILITY_NOT_GRANTED = "capability.not_granted"
    ROLE_REQUIRED = "role.required"
    APPROVAL_REQUIRED = "policy.approval_required"
    APPROVAL_DENIED = "approval.denied"
    APPROVAL_EXPIRED = "approval.expired"
    FORBIDDEN = "policy.forbidden"
    DEFAULT_DENY = "policy.default_deny"

    @property
    def told(self) -> str:
        """Return it in words."""
        return _WORDS[self]


_WORDS = {
    Reason.ALLOW: "a policy permits it, and none forbids it",
    Reason.ERROR: "the policies could not be evaluated, which refuses",
    Reason.UNAVAILABLE: "the active policies could not be read, which refuses",
    Reason.FOREIGN: "it belongs to another owner",
    Reason.NOT_GRANTED: "the tool was not granted to the run",
    Reason.CAPABILITY_NOT_GRANTED: "the node was not granted this capability",
    Reason.ROLE_REQUIRED: "the role of the caller is not enough",
    Reason.APPROVAL_REQUIRED: "it needs an approval that it does not have",
    Reason.APPROVAL_DENIED: "somebody was asked to approve it, and denied it",
    Reason.APPROVAL_EXPIRED: "somebody was asked to approve it, and nobody decided in time",
    Reason.FORBIDDEN: "a policy forbids it",
    Reason.DEFAULT_DENY: "no policy permits it",
}


def most_telling(codes: list[Reason]) -> Reason:
    """Return the code of several that says most."""
    return min(codes, key=list(Reason).index)
