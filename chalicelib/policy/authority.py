"""Authority: an owner's active policies, asked; nothing that it cannot read allows anything.

A container reads which version is active at most every five seconds. Where that cannot be read it
goes on with what it read up to thirty seconds ago, and refuses from then on: so what is decided is
never decided by policies that were replaced more than thirty seconds before.

Operations on the policies themselves are decided by the defaults alone: no operator's policy can
keep an admin from mending it, and none can let anybody else change what may be done.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.policy.alarm import PolicyAlarm
from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Decision, Entity
from chalicelib.policy.store import PolicyStore
from chalicelib.policy.versions import NO_POLICIES, digest

_log = logging.getLogger("palyra.policy")
FRESH_FOR = timedelta(seconds=5)
GOOD_FOR = timedelta(seconds=30)
GOVERNING = frozenset(
    {
        "activate_policies",
        "create_policies",
        "dry_run_policies",
        "explain_policies",
        "get_active_policies",
        "get_policies",
        "list_policies",
        "roll_back_policies",
        "validate_policies",
    }
)


class _Held(NamedTuple):
    """What a container knows of an owner's policies, and since when."""

    engine: PolicyEngine
    read_at: datetime


class NoSuchVersion(Exception):
    """A version that should be there is missing, or is not what was stored."""


@dataclass(kw_only=True, eq=False, repr=False)
class Authority:
    """Decides by the policies of each owner that are active."""

    store: PolicyStore
    alarm: PolicyAlarm
    clock: Clock
    defaults: PolicyEngine = field(default_factory=PolicyEngine)
    _held: dict[str, _Held] = field(default_factory=dict)

    def authorize(
        self, principal: Entity, action: str, resource: Entity, context: Mapping[str, Any]
    ) -> Decision:
        """Decide whether a principal may do an action to a resource, given a context.

        Never raises: what cannot be decided is refused, with an incident.
        """
        owner = str(context.get("owner", ""))
        if action in GOVERNING:
            return self.defaults.authorize(principal, action, resource, context)
        try:
            engine = self.engine(owner)
        except Unavailable:
            return self._refused(owner, Reason.UNAVAILABLE)
        except NoSuchVersion:
            return self._refused(owner, Reason.ERROR)
        decision = engine.authorize(principal, action, resource, context)
        if decision.reason is Reason.ERROR:
            self.alarm.tell(owner, Reason.ERROR, decision.policy_set)
        return decision

    def engine(self, owner: str) -> PolicyEngine:
        """Return what decides for an owner.

        Raises:
            Unavailable: it could not be read for too long.
            NoSuchVersion: what is active is not what was stored.
        """
        now, held = self.clock.now(), self._held.get(owner)
        if held is not None and abs(now - held.read_at) < FRESH_FOR:
            return held.engine
        try:
            engine = self._read(owner, held)
        except Unavailable:
            if held is None or abs(now - held.read_at) >= GOOD_FOR:
                raise
            _log.warning("the active policies cannot be read; the last ones decide")
            return held.engine
        self._held[owner] = _Held(engine, now)
        return engine

    def forget(self, owner: str) -> None:
        """Read again what decides for an owner when it is asked for next."""
        self._held.pop(owner, None)

    def _read(self, owner: str, held: _Held | None) -> PolicyEngine:
        version = self.store.active(owner).version
        if held is not None and held.engine.version == version:
            return held.engine  # A version never changes.
        return self.of_version(owner, version)

    def of_version(self, owner: str, version: int) -> PolicyEngine:
        """Return what would decide if a version were active.

        Raises:
            Unavailable: DynamoDB did not answer.
            NoSuchVersion: there is none, or it is not what was stored.
        """
        if version == NO_POLICIES:
            return self.defaults
        stored = self.store.version(owner, version)
        if stored is None or digest(stored.text) != stored.sha256:
            raise NoSuchVersion
        return PolicyEngine.of_operator(stored.text, version)

    def _refused(self, owner: str, reason: Reason) -> Decision:
        decision = self.defaults.refused(reason)
        self.alarm.tell(owner, reason, decision.policy_set)
        return decision
