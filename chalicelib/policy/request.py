"""What is asked of the policies, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from chalicelib.policy.reason import Reason

# What a decision names where an approval alone was missing.
APPROVAL = "approval"


class Role(StrEnum):
    """What a caller of the API may be, from the least to the most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Approval(StrEnum):
    """Where the approval of a job, or of a call, stands."""

    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that policies name: its type, its id, its attributes and its role, if it has one."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    role: str = ""

    @property
    def uid(self) -> dict[str, str]:
        """Return the entity's name in Cedar's JSON form."""
        return {"type": self.type, "id": self.id}

    def document(self) -> dict[str, Any]:
        """Return the whole entity in Cedar's JSON form."""
        parents = [{"type": "Role", "id": self.role}] if self.role else []
        return {"uid": self.uid, "attrs": dict(self.attributes), "parents": parents}


SYSTEM_DAEMON_PRINCIPAL = Entity("System", "daemon")


class Question(NamedTuple):
    """May a principal do an action to a resource, given a context?"""

    principal: Entity
    action: str
    resource: Entity
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequestContext:
    """What a dispatch or a call of a tool is for.

    All of it comes from our tables at the instant of the decision, never from a message.

    Attributes:
        name: of the job; of a task, its kind.
        trigger: what made it due: `schedule`, `manual` or `task`.
        schedule: `cron`, `every` or `at`; empty where there is none.
        requested_by: who asked for a firing beside the schedule, or empty.
        tools: what it was granted.
        effects: what these can do.
        capabilities: the same, by the room they reach into.
    """

    owner: str
    name: str = ""
    trigger: str
    schedule: str = ""
    created_by: str = ""
    requested_by: str = ""
    tools: Sequence[str] = ()
    effects: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    approval: Approval = Approval.NOT_REQUIRED

    def document(self) -> dict[str, Any]:
        """Return it in Cedar's JSON form."""
        return {
            "owner": self.owner,
            "name": self.name,
            "trigger": self.trigger,
            "schedule": self.schedule,
            "created_by": self.created_by,
            "requested_by": self.requested_by,
            "tools": list(self.tools),
            "effects": list(self.effects),
            "capabilities": list(self.capabilities),
            "approval": str(self.approval),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer: allowed only if a policy allowed it, none forbade it and none failed.

    Attributes:
        allowed: whether it may be done.
        policies: ids of the policies that decided.
        reason: why, as a code.
        policy_set: which policies were asked, as the first 16 digits of their SHA-256.
        version: of the operator's policies among them; 0 where there are none.
        missing: single grants each of which would have allowed it, as `role:operator`.
        asked: what the policies were told, where it is kept so that it can be asked again.
    """

    allowed: bool
    policies: tuple[str, ...]
    reason: Reason
    policy_set: str
    version: int = 0
    missing: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_approval(self) -> bool:
        """Return whether the policies would allow it if somebody approved it, and only then."""
        return not self.allowed and APPROVAL in self.missing

    def facts(self) -> dict[str, Any]:
        """Return what the journal keeps of it.

        A name is a person's words: what the journal kept of it could not be erased.
        """
        facts = {
            "reason": str(self.reason),
            "policies": list(self.policies),
            "policy_set": self.policy_set,
        }
        asked = {name: value for name, value in self.asked.items() if name != "name"}
        more = {"missing": list(self.missing), "asked": asked}
        return facts | {name: value for name, value in more.items() if value}


class Authorizer(Protocol):
    """Who decides."""

    def authorize(
        self, principal: Entity, action: str, resource: Entity, context: Mapping[str, Any]
    ) -> Decision:
        """Decide whether a principal may do an action to a resource, given a context."""
