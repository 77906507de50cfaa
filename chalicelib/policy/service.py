"""What operators do with policies: write versions of them, make one active, and ask what if."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.clock import Clock
from chalicelib.errors import Conflict, NotFound, PreconditionFailed, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.page import Page
from chalicelib.policy import dry_run, events
from chalicelib.policy.alarm import PolicyAlarm
from chalicelib.policy.authority import GOVERNING, Authority, NoSuchVersion
from chalicelib.policy.draft import Summary, check
from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.request import Decision, Question
from chalicelib.policy.store import PolicyStore, key_of
from chalicelib.policy.versions import (
    NO_POLICIES,
    Activation,
    NewPolicies,
    PolicyVersion,
    digest,
)
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled, Write

_TRIES = 8
_BROKEN = "the active version is not what was stored"
_MEND = "activate another version"


class Once(Protocol):
    """A request's key, which stands for what the request has made."""

    def made(self, now: datetime) -> str | None:
        """Return what the same request made before, or None."""

    def write(self, made: str, now: datetime) -> Write:
        """Return the put of the unused key."""


class Recent(Protocol):
    """Who knows what was decided lately."""

    def recent(self, owner: str, limit: int) -> Iterable[dry_run.Recorded]:
        """Yield an owner's decisions of the last 30 days, the latest first."""


class Explanation(NamedTuple):
    """An answer, and what the policies that gave it say of themselves.

    Attributes:
        policies: the deciding ones: id, effect and hint of each.
    """

    decision: Decision
    policies: Sequence[tuple[str, str, str]]


@dataclass(kw_only=True, eq=False, repr=False)
class PolicyService:
    """Policies of one stage."""

    store: PolicyStore
    authority: Authority
    journal: JournalStore
    alarm: PolicyAlarm
    recent: Recent
    clock: Clock
    ids: Ids

    # Finding.

    def list(self, owner: str, after: str | None, limit: int) -> Page[PolicyVersion]:
        """Return an owner's versions, newest first."""
        rows = self.store.newest(owner, after, limit)
        return Page(rows, key_of(rows[-1]) if len(rows) == limit else None)

    def get(self, owner: str, version: int) -> PolicyVersion:
        """Return a version.

        Raises:
            NotFound: the owner has no such version.
        """
        found = self.store.version(owner, version)
        if found is None:
            raise NotFound(f"there is no version {version} of the policies")
        return found

    def active(self, owner: str) -> Activation:
        """Return which version is active."""
        return self.store.active(owner)

    # Writing.

    def create(
        self, owner: str, actor: str, text: str, note: str, once: Once | None = None
    ) -> NewPolicies:
        """Keep a new version; nothing is decided by it before it is activated.

        Raises:
            Invalid: it cannot be kept; names the lines to blame and their fixes.
            Unavailable: AWS did not answer; whether it was kept is known under the key.
        """
        summaries = [*check(text)]
        refuse_secrets("note", note)
        now = self.clock.now()
        op = self.ids.ulid(now)
        for _ in range(_TRIES):
            if once and (made := once.made(now)):
                kept = self.get(owner, int(made))
                return NewPolicies(kept, is_new=kept.op == op)
            newest = self.store.newest(owner, None, _TRIES)
            if mine := [each for each in newest if each.op == op]:
                return NewPolicies(mine[0], is_new=True)  # The reply was lost.
            version = PolicyVersion(
                version=newest[0].version + 1 if newest else 1,
                text=text,
                note=note,
                author=actor,
                at=now,
                sha256=digest(text),
                op=op,
            )
            writes = [self.store.creation(owner, version)]
            writes += [once.write(str(version.version), now)] if once else []
            try:
                self.journal.append_with(events.created(owner, version, summaries), writes)
            except Cancelled:
                continue
            return NewPolicies(version, is_new=True)
        raise Unavailable("others keep writing policies", fix="try again")

    def activate(
        self, owner: str, actor: str, version: int, expected: frozenset[int] | None = None
    ) -> Activation:
        """Let a version decide from now on; 0 lets the defaults decide alone.

        Args:
            owner: the workspace.
            actor: who activates.
            version: what is to decide; what is active already stays so, and writes nothing.
            expected: the numbers of the activation that it was decided on; None for any.

        Raises:
            NotFound: the owner has no such version.
            Invalid: the version does not fit the schema of this release any more.
            PreconditionFailed: another one was activated meanwhile.
            Unavailable: AWS did not answer, or others keep activating.
        """
        policy_set = self._checked(owner, version).fingerprint
        op = self.ids.ulid(self.clock.now())
        for _ in range(_TRIES):
            seen = self.store.active(owner)
            if seen.op == op:
                return self._activated(owner, seen)
            if expected is not None and seen.number not in expected:
                raise PreconditionFailed(
                    f"version {seen.version} was activated meanwhile",
                    fix="look at what is active, then decide again",
                )
            if seen.version == version:
                return seen
            now = self.clock.now()
            after = Activation(
                number=seen.number + 1,
                version=version,
                previous=seen.version,
                at=max(now, seen.at or now),
                by=actor,
                op=op,
            )
            event = events.activated(owner, seen, after, policy_set)
            try:
                self.journal.append_with(event, [self.store.activation(owner, seen, after)])
            except Cancelled:
                continue
            except Unavailable:
                # Perhaps only the reply was lost.
                if self.store.active(owner).op != op:
                    raise
            return self._activated(owner, after)
        raise Unavailable("others keep activating policies", fix="try again")

    def roll_back(
        self, owner: str, actor: str, expected: frozenset[int] | None = None
    ) -> Activation:
        """Let the version decide again that was active before.

        Raises:
            Conflict: nothing was ever activated.
            PreconditionFailed: another one was activated meanwhile.
            Unavailable: AWS did not answer.
        """
        seen = self.store.active(owner)
        if seen.number == 0:
            raise Conflict("no version was activated yet", fix="there is nothing to go back to")
        wanted = frozenset({seen.number}) if expected is None else expected
        return self.activate(owner, actor, seen.previous, wanted)

    # Asking.

    def check(self, text: str) -> Sequence[Summary]:
        """Return what is in a draft; nothing is kept.

        Raises:
            Invalid: it could not be kept; names the lines to blame and their fixes.
        """
        return check(text)

    def dry_run(self, owner: str, draft: str | int, limit: int) -> dry_run.DryRun:
        """Return what a draft, or a version, would have decided otherwise than what is active.

        Raises:
            NotFound: the owner has no such version.
            Invalid: the draft could not be kept.
            Conflict: the active version cannot be asked.
        """
        before = self.engine(owner, None)
        after = self._drafted(draft) if isinstance(draft, str) else self.engine(owner, draft)
        return dry_run.dry_run(owner, before, after, self.recent.recent(owner, limit))

    def explain(self, owner: str, question: Question, version: int | None) -> Explanation:
        """Return how a version, or what is active, answers a question.

        Raises:
            NotFound: the owner has no such version.
            Conflict: the active version cannot be asked.
        """
        governs = question.action in GOVERNING
        engine = self.authority.defaults if governs else self.engine(owner, version)
        decision = engine.authorize(*question)
        return Explanation(decision, engine.described(decision.policies))

    def engine(self, owner: str, version: int | None) -> PolicyEngine:
        """Return what decides by a version, or by what is active."""
        wanted = self.store.active(owner).version if version is None else version
        if version is not None and wanted != NO_POLICIES:
            self.get(owner, wanted)
        try:
            return self.authority.of_version(owner, wanted)
        except NoSuchVersion:
            raise Conflict(_BROKEN, fix=_MEND) from None

    def _drafted(self, text: str) -> PolicyEngine:
        check(text)
        return PolicyEngine.of_operator(text, NO_POLICIES)

    def _checked(self, owner: str, version: int) -> PolicyEngine:
        """Return what decides by a version that still fits."""
        if version != NO_POLICIES:
            check(self.get(owner, version).text)
        return self.engine(owner, version)

    def _activated(self, owner: str, after: Activation) -> Activation:
        self.authority.forget(owner)
        self.alarm.is_over(owner)
        return after
