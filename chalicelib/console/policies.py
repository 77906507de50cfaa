"""The page of policies: what decides, what was decided lately, and what a version would change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from itertools import chain
from typing import Any

from chalicelib.console import status
from chalicelib.console.status import Status
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.journal.entry import Entry
from chalicelib.journal.query import Query
from chalicelib.journal.search import JournalSearch
from chalicelib.policy.dry_run import DryRun
from chalicelib.policy.engine import defaults
from chalicelib.policy.reason import Reason
from chalicelib.policy.service import PolicyService
from chalicelib.policy.versions import NO_POLICIES, Activation, PolicyVersion
from chalicelib.runs.store import RunHeader
from chalicelib.runs.transcripts import Transcripts

TRIED = "try"
MOST_TRIED = 200
_SLOT, _TASK = "slot.denied", "task.denied"
_LATELY = 10
_VERSION_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """What the policies decided about a run.

    Attributes:
        reason: the code.
        told: the same in words.
        subject: the id of the job or task that it was about.
        page: the path of the page about it, or None where there is none.
    """

    at: datetime
    status: Status
    reason: str
    told: str
    policies: Sequence[str]
    subject: str
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesPage:
    """What decides, its versions and its decisions.

    Attributes:
        stored: the active version, or None where the defaults decide alone, or it is broken.
        policy_set: what decisions name the whole by; empty where it is broken.
        broken: why nothing can be decided, or empty.
        decisions: the latest ones, the denied before the others.
        tried: the version that was asked about, with what it would change; or None.
        older: the key after which older versions begin, or None.
    """

    active: Activation
    stored: PolicyVersion | None
    policy_set: str
    broken: str
    defaults: str
    versions: Sequence[PolicyVersion]
    decisions: Sequence[DecisionLine]
    tried: tuple[int, DryRun] | None
    older: str | None
    is_first: bool


@dataclass(kw_only=True, eq=False, repr=False)
class PoliciesPages:
    """Builds the page of an owner's policies."""

    policies: PolicyService
    journal: JournalSearch
    transcripts: Transcripts
    owner: str

    def page(self, after: str | None, limit: int, tried: str | None) -> PoliciesPage:
        """Return the page.

        Args:
            after: the key after which versions begin; None for the newest.
            limit: how many versions at most.
            tried: the version to ask what was decided lately, as it was filled in; or None.

        Raises:
            Invalid: what was filled in is no version.
            NotFound: the owner has no such version.
            Conflict: it cannot be asked, or what is active cannot.
            Unavailable: AWS did not answer.
        """
        version = _version(tried) if tried else None
        found = self.policies.list(self.owner, after, limit)
        active = self.policies.active(self.owner)
        stored, policy_set, broken = self._decides(active)
        return PoliciesPage(
            active=active,
            stored=stored,
            policy_set=policy_set,
            broken=broken,
            defaults=defaults(),
            versions=found.items,
            decisions=[*self._denied(), *self._allowed()],
            tried=None if version is None else (version, self._try(version)),
            older=found.next,
            is_first=after is None,
        )

    def _decides(self, active: Activation) -> tuple[PolicyVersion | None, str, str]:
        """Return what is active, by which name, and why it cannot decide."""
        try:
            policy_set = self.policies.engine(self.owner, active.version).fingerprint
        except (Conflict, NotFound) as error:
            return None, "", error.detail
        if active.version == NO_POLICIES:
            return None, policy_set, ""
        return self.policies.get(self.owner, active.version), policy_set, ""

    def _try(self, version: int) -> DryRun:
        return self.policies.dry_run(self.owner, version, MOST_TRIED)

    def _denied(self) -> list[DecisionLine]:
        kinds = (Query(kind=_SLOT), Query(kind=_TASK))
        found = (self.journal.search(self.owner, kind, None, _LATELY).items for kind in kinds)
        newest = nlargest(_LATELY, chain.from_iterable(found), key=lambda entry: entry.at)
        return [_refused(entry) for entry in newest]

    def _allowed(self) -> Iterator[DecisionLine]:
        for header in self.transcripts.list(self.owner, None, None, _LATELY).items:
            if header.policies:
                yield _permitted(header)


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _VERSION_DIGITS:
        raise Invalid(f"{text!r:.80} is no version", field=TRIED, fix="use its number, 0 or more")
    return int(text)


def _refused(entry: Entry) -> DecisionLine:
    details: Mapping[str, Any] = entry.details
    return DecisionLine(
        at=entry.at,
        status=status.DENIED,
        reason=str(details.get("reason", "")),
        told=_told(details.get("reason")),
        policies=list(details.get("policies", ())),
        subject=entry.subject,
        page=f"jobs/{entry.subject}" if entry.kind == _SLOT else None,
    )


def _permitted(header: RunHeader) -> DecisionLine:
    return DecisionLine(
        at=header.started_at,
        status=status.ALLOWED,
        reason=Reason.ALLOW,
        told=Reason.ALLOW.told,
        policies=header.policies.split(","),
        subject=header.task.subject if header.task.is_slot else header.task.id,
        page=f"runs/{header.run_id}",
    )


def _told(code: object) -> str:
    """Return a code in words; nothing for one that this release does not know."""
    return next((each.told for each in Reason if each == code), "")
