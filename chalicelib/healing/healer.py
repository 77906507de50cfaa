"""Healer: once a minute, every incident that is not resolved is looked at.

Its cause is looked at first; then the rule of `decision` says what is done. One incident that
cannot be looked at does not keep the healer from the others, and where there are more than one run
looks at, the next one goes on behind them.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.clock import Clock
from chalicelib.errors import Unavailable
from chalicelib.healing.decision import Cause, Step, decide
from chalicelib.healing.modes import Mode, Modes
from chalicelib.healing.remedying import Remedying
from chalicelib.incidents import life
from chalicelib.incidents.attempt import AttemptStatus, planned
from chalicelib.incidents.incident import Change, RuntimeIncidentRecord
from chalicelib.incidents.kind import Ending, IncidentKind
from chalicelib.incidents.store import IncidentStore

# Looks whether the cause of an incident is still there.
type Look = Callable[[RuntimeIncidentRecord, datetime], Cause]

HEALER = "system:healing"
_MOST = 200
_log = logging.getLogger("palyra.healing")


@dataclass(kw_only=True, eq=False, repr=False)
class Healer:
    """Looks after incidents.

    Attributes:
        looks: by the name of the kind, for those that end by their cause.
    """

    incidents: IncidentStore
    looks: Mapping[str, Look]
    remedying: Remedying
    modes: Modes
    clock: Clock
    _following: Any = field(init=False, default=None)

    def run(self, until: datetime) -> dict[str, int]:
        """Look at incidents, and count what was done about them.

        Args:
            until: when to stop; the next run goes on behind.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        done: Counter[str] = Counter(dict.fromkeys([*Step, "broken"], 0))
        records, self._following = self.incidents.all_active(self._following, _MOST)
        for record in records:
            if self.clock.now() >= until:
                _log.warning("the healer ran out of time")
                break
            done[self._look_at(record)] += 1
        return {
            f"incidents_{step}": done[step] for step in (*Step, "broken") if step != Step.NOTHING
        }

    def _look_at(self, record: RuntimeIncidentRecord) -> str:
        try:
            return self._act(record)
        except Unavailable:
            _log.warning("the next run looks again", extra={"incident": record.id})
        except Exception:  # noqa: BLE001 - one broken incident must not delay another
            _log.exception("an incident could not be looked at", extra={"incident": record.id})
        return "broken"

    def _act(self, record: RuntimeIncidentRecord) -> Step:
        kind, now = record.known, self.clock.now()
        if kind is None:
            return Step.NOTHING
        mode = self.modes.of(kind)
        cause = Cause.UNKNOWN if mode is Mode.DISABLED else self._cause(record, kind, now)
        step = decide(record, kind, mode, cause, now)
        if step is Step.RESOLVE:
            self._resolve(record, now)
        elif step is Step.REMEDY:
            self._remedy(record, kind, now)
        elif step is Step.SKIP:
            self._skip(record, kind, mode, now)
        elif step is Step.ESCALATE:
            self._escalate(record, now)
        return step

    def _cause(self, record: RuntimeIncidentRecord, kind: IncidentKind, now: datetime) -> Cause:
        if kind.ending is Ending.QUIET:
            return Cause.GONE  # If it is quiet for long enough.
        look = self.looks.get(kind.name)
        return look(record, now) if look else Cause.UNKNOWN

    def _resolve(self, record: RuntimeIncidentRecord, now: datetime) -> None:
        # Seen again meanwhile: it is not over, and the version says so.
        quiet = f"not seen since {record.last_seen:%H:%M:%S} UTC, and its cause is gone"
        self.incidents.change(record, life.resolved(record, now), Change.RESOLVED, quiet)

    def _remedy(self, record: RuntimeIncidentRecord, kind: IncidentKind, now: datetime) -> None:
        plan = kind.remediation.label
        after, attempt = self.remedying.planned(record, HEALER, plan, now)
        if self.incidents.begin(record, after, attempt):
            ended = self.remedying.carry_out(after, attempt)
            told = {"incident": record.id, "remedy": ended.remediation, "status": ended.status}
            _log.info("an incident was remedied", extra=told)

    def _skip(
        self, record: RuntimeIncidentRecord, kind: IncidentKind, mode: Mode, now: datetime
    ) -> None:
        after = life.left_alone(record, now)
        why = f"the mode of {kind.domain} is {mode}; it would: {kind.remediation.label}"
        attempt = planned(after, kind.remediation.id, HEALER, why, now)
        self.incidents.tell(record, after, attempt.ended(AttemptStatus.SKIPPED, why, now))

    def _escalate(self, record: RuntimeIncidentRecord, now: datetime) -> None:
        why = f"{record.tries} attempts did not help: it is left to an operator"
        self.incidents.change(record, life.escalated(record, now), Change.ESCALATED, why)
