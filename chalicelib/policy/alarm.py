"""Incidents of policies: what refuses because it cannot be decided is somebody's to mend."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import Unavailable
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.policy.reason import Reason

_log = logging.getLogger("palyra.policy")
_QUIET = timedelta(minutes=1)
_KINDS = {Reason.ERROR: kinds.POLICIES_FAIL, Reason.UNAVAILABLE: kinds.POLICIES_UNREAD}
_SUMMARIES = {
    Reason.ERROR: "the active policies fail, and refuse what they are asked",
    Reason.UNAVAILABLE: "the active policies cannot be read, so everything is refused",
}


@dataclass(kw_only=True, eq=False, repr=False)
class PolicyAlarm:
    """Raises the incidents of policies, at most one a minute and container, and resolves them."""

    incidents: IncidentStore
    clock: Clock
    _told: dict[tuple[str, Reason], datetime] = field(default_factory=dict)

    def tell(self, owner: str, reason: Reason, policy_set: str) -> None:
        """Say that an owner's policies could not decide; never raises."""
        now, last = self.clock.now(), self._told.get((owner, reason))
        if last is not None and abs(now - last) < _QUIET:
            return
        self._told[owner, reason] = now
        sighting = Sighting(
            owner=owner,
            kind=_KINDS[reason],
            dedupe_key=_key(reason),
            occurrence=f"{policy_set}/{rfc3339(now)[:16]}",
            summary=_SUMMARIES[reason],
            detail="roll back with `palyra policies rollback`, or activate version 0",
            evidence={"policy_set": policy_set, "reason": str(reason)},
        )
        try:
            self.incidents.raise_(sighting, now)
        except Unavailable:
            _log.error("the incident of the policies was not raised", extra={"reason": reason})

    def is_over(self, owner: str) -> None:
        """Resolve an owner's incidents of policies; those that there never were stay so.

        Never raises: the activation it follows was made.
        """
        for reason in _SUMMARIES:
            self._told.pop((owner, reason), None)
            fault = (_KINDS[reason].domain, _key(reason))
            why = "other policies were activated"
            try:
                self.incidents.resolve(owner, fault, why, self.clock.now())
            except Unavailable:
                _log.warning("the incident of the policies stays", extra={"reason": reason})


def _key(reason: Reason) -> str:
    return f"policies:{reason}"
