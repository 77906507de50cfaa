"""An examination: what the checks saw, and what was mended or put back; as far as it has come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from chalicelib.background.gate.service import FIRST_OWNER
from chalicelib.errors import Conflict, Denied
from chalicelib.healing.doctor.check import Look, Step, Verdict

MOST_WINDOW_DAYS = 31


class Mode(StrEnum):
    """What an examination is for."""

    LOOK = "look"
    FIX = "fix"
    UNDO = "undo"


class Outcome(StrEnum):
    """What became of a step."""

    PLANNED = "planned"
    BEGUN = "begun"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """Return whether nothing more is done about the step."""
        return self not in {Outcome.PLANNED, Outcome.BEGUN}


class Change(NamedTuple):
    """A step that is to be made, or was.

    Attributes:
        check: the key of the check that asked for it.
        can_undo: it can be put back.
        told: what became of it, for people.
    """

    check: str
    step: Step
    can_undo: bool
    outcome: Outcome = Outcome.PLANNED
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an examination was asked to do.

    Attributes:
        only: keys of checks or rooms; all where there are none.
        skip: those that are left out.
        since: from when on the ledger is looked at; None for the last hour.
        run: of a fix or an undo, the examination that it goes by.
    """

    mode: Mode = Mode.LOOK
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    since: datetime | None = None
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """An examination as it was left.

    Attributes:
        id: the task's that carries it out.
        run: of a fix or an undo, the examination that it goes by.
        by: who asked for it.
        since: from when on the ledger is looked at.
        begun_at: when it was first worked on.
        at: when it was last written.
        checks: the keys of those that are to look, in their order.
        looks: what they saw so far, by their keys.
        changes: of a look, what would mend what was seen; else what is done about it.
    """

    id: str
    mode: Mode
    run: str = ""
    by: str
    since: datetime
    begun_at: datetime
    at: datetime
    checks: tuple[str, ...]
    looks: Mapping[str, Look] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    @property
    def next_check(self) -> str | None:
        """Return the key of the first check that has not looked, or None."""
        return next((key for key in self.checks if key not in self.looks), None)

    @property
    def next_change(self) -> int | None:
        """Return the place of the first change that is to be made, or None."""
        if self.mode is Mode.LOOK:
            return None
        places = (n for n, change in enumerate(self.changes) if not change.outcome.is_over)
        return next(places, None)

    @property
    def is_complete(self) -> bool:
        """Return whether nothing is left to do."""
        return self.next_change is None and self.next_check is None

    @property
    def verdict(self) -> Verdict:
        """Return the worst that was seen; a change that failed is a failure."""
        if any(change.outcome is Outcome.FAILED for change in self.changes):
            return Verdict.FAILED
        seen = [look.verdict for look in self.looks.values()]
        # What cannot be known anywhere is no fault of what can.
        known = [verdict for verdict in seen if verdict is not Verdict.UNKNOWN]
        if not known and seen:
            return Verdict.UNKNOWN
        return max(known, key=lambda verdict: verdict.rank, default=Verdict.OK)

    def count(self, verdict: Verdict) -> int:
        """Return how many checks say so."""
        return sum(look.verdict is verdict for look in self.looks.values())

    @property
    def told(self) -> str:
        """Return what was found, in a few words; nothing where all is well."""
        counted = ((verdict, self.count(verdict)) for verdict in (Verdict.FAILED, Verdict.WARNING))
        parts = [f"{number} {verdict}" for verdict, number in counted if number]
        return f"{', '.join(parts)} of {len(self.looks)} checks" if parts else ""


def planned(looks: Mapping[str, Look], undoable: Iterable[str]) -> tuple[Change, ...]:
    """Return the changes that would mend what was seen, each once.

    Args:
        looks: what checks saw, by their keys.
        undoable: the menders that can put back what they did.
    """
    can_undo, found = frozenset(undoable), dict[tuple[str, str], Change]()
    for key, look in looks.items():
        for step in look.steps:
            change = Change(key, step, step.mender in can_undo)
            found.setdefault((step.mender, step.target), change)
    return tuple(found.values())


def to_make(owner: str, mode: Mode, before: Examination) -> tuple[Change, ...]:
    """Return the changes of a fix or an undo that goes by an earlier examination.

    Args:
        owner: who asks for it.
        mode: whether changes are made or put back.
        before: the examination that has planned or made them.

    Raises:
        Denied: the owner does not look after the stage.
        Conflict: there is nothing to do for it.
    """
    if owner != FIRST_OWNER:
        raise Denied(
            f"only admins of the owner {FIRST_OWNER} look after the stage",
            fix=f"use a token of {FIRST_OWNER}",
        )
    if not before.is_complete:
        raise Conflict("it is under way", fix="wait until it is complete")
    if mode is Mode.FIX:
        if before.mode is not Mode.LOOK:
            raise Conflict("it has planned nothing", fix="name an examination that looked")
        if not before.changes:
            raise Conflict("it has planned nothing", fix="nothing is left to mend")
        return before.changes
    if before.mode is not Mode.FIX:
        raise Conflict("it has changed nothing", fix="name a run of `palyra doctor --fix`")
    changes = to_undo(before.changes)
    if not changes:
        raise Conflict("nothing that it did can be put back", fix="see what its changes say")
    return changes


def to_undo(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes that put back what was done, the last one first."""
    done = [each for each in changes if each.can_undo and each.outcome is Outcome.DONE]
    return tuple(each._replace(outcome=Outcome.PLANNED, told="") for each in reversed(done))
