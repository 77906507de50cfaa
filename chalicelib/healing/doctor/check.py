"""Checks: what one looks at, what it saw, and what would mend it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.redaction import redact_text

MOST_EVIDENCE = 20
MOST_STEPS = 50
_CHARACTERS = 300


class Verdict(StrEnum):
    """What a check says, from the best to the worst."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """Return its place among the verdicts, from 0; the names do not sort by it."""
        return tuple(Verdict).index(self)


class Step(NamedTuple):
    """One change that would mend something.

    Attributes:
        mender: which one makes it, by its name in the registry.
        target: what is changed.
        told: the change, for people.
        before: how the target was seen; it is changed only while it is so, and put back to this.
    """

    mender: str
    target: str
    told: str
    before: str = ""


class Look(NamedTuple):
    """What a check saw.

    Attributes:
        seen: in a sentence; of one that is unknown, why.
        evidence: what it is about, one line each, at most 20.
        steps: what would mend it, at most 50.
    """

    verdict: Verdict
    seen: str
    evidence: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of the catalogue.

    Attributes:
        key: `room.name`; the function `name` of the module `room` looks.
        severity: how bad it is when it fails.
        asks: what it looks at, as a question.
        means: what it means when the answer is no.
        fix: what is to be done then.
        mends: what the doctor does about it itself; empty where that is for people, or a deploy.
    """

    key: str
    severity: IncidentSeverity
    asks: str
    means: str
    fix: str
    mends: str = ""

    @property
    def room(self) -> str:
        """Return the module of its function."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Return the name of its function."""
        return self.key.partition(".")[2]


class NotKnown(Exception):
    """A check cannot say anything; the message says why."""


def ok(seen: str) -> Look:
    """Return that all is well."""
    return Look(Verdict.OK, shown(seen))


def unknown(why: str) -> Look:
    """Return that nobody can say."""
    return Look(Verdict.UNKNOWN, shown(why))


def found(
    bad: Sequence[str],
    good: str,
    told: str = "",
    *,
    verdict: Verdict = Verdict.FAILED,
    steps: Iterable[Step] = (),
) -> Look:
    """Return what was found to be wrong, or that nothing was.

    Args:
        bad: what is wrong, one line each.
        good: what is said where nothing is.
        told: what is said otherwise; the first of what is wrong where it is empty.
        verdict: what it is then.
        steps: what would mend it.
    """
    if not bad:
        return ok(good)
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return Look(
        verdict,
        shown(told or f"{bad[0]}{more}"),
        tuple(map(shown, bad[:MOST_EVIDENCE])),
        tuple(steps)[:MOST_STEPS],
    )


def shown(text: str) -> str:
    """Return a text without secrets, cut to its most."""
    # Redacted before it is cut: half a secret would not be known as one.
    return redact_text(text)[:_CHARACTERS]
