"""What is asked of the policies, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing that policies name: its type, its id and its attributes."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def uid(self) -> dict[str, str]:
        """Return the entity's name in Cedar's JSON form."""
        return {"type": self.type, "id": self.id}


SYSTEM_DAEMON_PRINCIPAL = Entity("System", "daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer: allowed only if a policy allowed it, none forbade it and none failed.

    Attributes:
        allowed: whether it may be done.
        policies: ids of the policies that decided.
        reason: why not, as a word; empty where it is allowed.
        policy_set: which policies were asked, as the first 16 digits of their SHA-256.
    """

    allowed: bool
    policies: tuple[str, ...]
    reason: str
    policy_set: str

    def facts(self) -> dict[str, Any]:
        """Return what the journal keeps of it."""
        return {
            "reason": self.reason,
            "policies": list(self.policies),
            "policy_set": self.policy_set,
        }
