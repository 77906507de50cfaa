"""IncidentKind: what tells one sort of fault from another, and what may be done about it."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class IncidentDomain(StrEnum):
    """The part of Palyra that a fault is in."""

    WATCHDOG = "watchdog"
    SCHEDULER = "scheduler"
    QUEUE = "queue"
    APPROVAL = "approval"
    NODE = "node"
    MEMORY = "memory"
    SKILL = "skill"
    JOURNAL = "journal"


class IncidentSeverity(StrEnum):
    """How bad it is, from the least to the worst."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Return its place among the severities, from 0; the names do not sort by it."""
        return tuple(IncidentSeverity).index(self)

    @property
    def raised(self) -> "IncidentSeverity":
        """Return what an incident becomes that is left to an operator: one worse, high at least."""
        worst = tuple(IncidentSeverity)
        return worst[min(max(self.rank + 1, IncidentSeverity.HIGH.rank), len(worst) - 1)]


class Risk(StrEnum):
    """What a remediation may spoil."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class BlastRadius(StrEnum):
    """How far a remediation reaches: one piece of work, one owner, or the stage."""

    SESSION = "session"
    WORKSPACE = "workspace"
    GLOBAL = "global"


class Ending(StrEnum):
    """Who finds that the fault is gone.

    Attributes:
        CAUSE: the sweep, which looks at the cause itself.
        QUIET: the sweep, when nothing was seen of it for the kind's quiet time.
        ROOM: whoever raised it, or an operator.
    """

    CAUSE = "cause"
    QUIET = "quiet"
    ROOM = "room"


class RuntimeRemediationDescriptor(NamedTuple):
    """What can be done about a fault.

    Attributes:
        id: its name; what runs it is registered under it.
        label: what it does, in words, as a command.
        requires_approval: it runs only where an admin asked for it.
        auto_executable: the sweep may run it in the mode `auto`.
        by_hand: nothing runs it; an operator does what the label says.
    """

    id: str
    label: str
    risk_level: Risk
    blast_radius: BlastRadius
    requires_approval: bool = False
    auto_executable: bool = True
    by_hand: bool = False

    @property
    def may_run_alone(self) -> bool:
        """Return whether the sweep may ever run it."""
        return self.auto_executable and not self.requires_approval and not self.by_hand


class IncidentKind(NamedTuple):
    """A sort of fault.

    Attributes:
        meaning: what is wrong.
        system: what Palyra does about it by itself.
        operator: what is left to do for somebody.
        ending: who finds that it is gone.
        quiet: how long it must not have been seen before it can be over.
    """

    name: str
    domain: IncidentDomain
    severity: IncidentSeverity
    meaning: str
    system: str
    operator: str
    remediation: RuntimeRemediationDescriptor
    ending: Ending
    quiet: timedelta = timedelta()


def by_hand(label: str, radius: BlastRadius = BlastRadius.GLOBAL) -> RuntimeRemediationDescriptor:
    """Return what stands for a remedy that nothing runs: an operator does what the label says."""
    return RuntimeRemediationDescriptor(
        "by_hand",
        label,
        Risk.LOW,
        radius,
        requires_approval=True,
        auto_executable=False,
        by_hand=True,
    )
