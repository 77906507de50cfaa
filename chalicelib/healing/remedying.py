"""Remedying: one attempt at a remedy, from its plan to its end.

The plan is written before anything is done, with the incident's version as its fence: of two who
would remedy the same at once, one does. What is done is idempotent by its own rules, so that an
attempt nobody finished can be made again. Whether it helped is not believed, but looked at: the
incident is resolved when its cause is gone.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.clock import Clock
from chalicelib.errors import PalyraError, Unavailable
from chalicelib.incidents import life
from chalicelib.incidents.attempt import AttemptStatus, RuntimeRemediationAttemptRecord, planned
from chalicelib.incidents.incident import Change, RuntimeIncidentRecord
from chalicelib.incidents.store import IncidentStore

# Does what it is for about an incident, in an actor's name, and returns what it did. It raises a
# PalyraError where that cannot be done.
type Remedy = Callable[[RuntimeIncidentRecord, str], str]

_log = logging.getLogger("palyra.healing")


@dataclass(kw_only=True, eq=False, repr=False)
class Remedying:
    """Makes attempts.

    Attributes:
        remedies: by the id of their descriptor; what is done by hand has none.
    """

    incidents: IncidentStore
    remedies: Mapping[str, Remedy]
    clock: Clock

    def planned(
        self, record: RuntimeIncidentRecord, by: str, plan: str, now: datetime
    ) -> tuple[RuntimeIncidentRecord, RuntimeRemediationAttemptRecord]:
        """Return the incident with an attempt planned, and the attempt; nothing is written.

        Args:
            record: the incident, of a known kind.
            by: who wants it remedied.
            plan: what is to be done, in words.
            now: the instant of the plan.
        """
        after = life.remediating(record, now)
        kind = record.known
        remediation = kind.remediation.id if kind else ""
        return after, planned(after, remediation, by, plan, after.changed_at)

    def carry_out(
        self, record: RuntimeIncidentRecord, attempt: RuntimeRemediationAttemptRecord
    ) -> RuntimeRemediationAttemptRecord:
        """Do what an attempt has planned, and return the attempt as it ended.

        Raises:
            Unavailable: how it ended could not be written down.
        """
        status, detail = AttemptStatus.SUCCEEDED, ""
        try:
            detail = self.remedies[attempt.remediation](record, attempt.by)
        except PalyraError as error:
            status, detail = AttemptStatus.FAILED, f"{error.title()}: {error.detail}"
        except Exception as error:  # noqa: BLE001 - a remedy fails in ways nobody can list
            _log.exception("a remedy failed", extra={"incident": record.id})
            status, detail = AttemptStatus.FAILED, f"{type(error).__name__}: {error}"
        ended = attempt.ended(status, detail, self.clock.now())
        self.incidents.finish(ended)
        if status is AttemptStatus.FAILED:
            self._reopen(record, ended.detail)
        return ended

    def _reopen(self, record: RuntimeIncidentRecord, why: str) -> None:
        seen = self.incidents.get(record.owner, record.id)
        if seen is not None and seen.state is record.state and seen.is_active:
            after = life.not_remedied(seen, self.clock.now())
            if not self.incidents.change(seen, after, Change.FAILED, why):
                raise Unavailable("the incident keeps changing", fix="try again")
