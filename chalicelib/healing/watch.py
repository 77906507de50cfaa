"""Watch: what no room sees of itself, because it does not run, is silent, or has a wrong clock.

Each check is by itself: where one fails, the others are made all the same. What it reads is
bounded: one item, one sparse index a shard, or one question to SQS.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.background.gate.store import GateStore
from chalicelib.background.heartbeats.record import (
    SILENCE,
    HeartbeatKey,
    WorkHeartbeatKind,
    is_stale,
)
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.clock import Clock, rfc3339
from chalicelib.healing.causes import subject_of
from chalicelib.healing.modes import Mode, Modes
from chalicelib.healing.skew import MOST_SKEW, Skew
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentKind
from chalicelib.incidents.store import IncidentStore
from chalicelib.scheduler.job import Due
from chalicelib.scheduler.store import JobStore, SweepLog, TickLog
from chalicelib.status import LONGEST_SINCE_TICK
from chalicelib.tables import SYSTEM

_log = logging.getLogger("palyra.healing")
_MOST = 20
# Whoever has a lease is not watched here: the lease says who lives.
_WATCHED = (WorkHeartbeatKind.CHANNEL_WORKER, WorkHeartbeatKind.APPROVAL)


@dataclass(kw_only=True, eq=False, repr=False)
class Watch:
    """Looks for faults once a minute, and raises their incidents."""

    incidents: IncidentStore
    heartbeats: HeartbeatStore
    jobs: JobStore
    ticks: TickLog
    sweeps: SweepLog
    gates: GateStore
    skew: Skew
    modes: Modes
    clock: Clock
    grace: timedelta
    shards: int

    def run(self) -> int:
        """Make each check, and return how many faults were seen.

        A domain whose mode is `disabled` is not looked at.
        """
        checks = {
            kinds.SWEEP_LATE: self._sweeps,
            kinds.TICK_LATE: self._ticks,
            kinds.SLOTS_LATE: self._slots,
            kinds.STALE_HEARTBEAT: self._heartbeats,
            kinds.CLOCK_SKEW: self._clocks,
        }
        return sum(self._made(kind, check) for kind, check in checks.items())

    def _made(self, kind: IncidentKind, check: Callable[[datetime], Iterator[Sighting]]) -> int:
        if self.modes.of(kind) is Mode.DISABLED:
            return 0
        now, seen = self.clock.now(), 0
        try:
            for sighting in check(now):
                self.incidents.raise_(sighting, now)
                seen += 1
        except Exception:  # noqa: BLE001 - one check that fails must not keep the others
            _log.exception("a check could not be made", extra={"kind": kind.name})
        return seen

    def _sweeps(self, now: datetime) -> Iterator[Sighting]:
        last = self.sweeps.last()
        self.sweeps.record(now, {})
        if last is not None and now - last > LONGEST_SINCE_TICK:
            yield _sighting(
                kinds.SWEEP_LATE,
                "sweep",
                now,
                f"no sweep ran for {_seconds(now - last)} s",
                {"last": rfc3339(last)},
            )

    def _ticks(self, now: datetime) -> Iterator[Sighting]:
        last = self.ticks.last()
        # A stage without any tick is a new one, whose first tick will come.
        if last is not None and now - last > LONGEST_SINCE_TICK:
            yield _sighting(
                kinds.TICK_LATE,
                "cron_tick",
                now,
                f"the last tick was {_seconds(now - last)} s ago",
                {"last": rfc3339(last)},
            )

    def _slots(self, now: datetime) -> Iterator[Sighting]:
        late = [due for shard in range(self.shards) for due in self._late(shard, now)]
        gate = self.gates.read() if late else None
        for due in late:
            if gate is not None and not gate.closed(due.owner):
                yield _sighting(
                    kinds.SLOTS_LATE,
                    due.pk.partition("#")[2],
                    now,
                    f"a slot that was due at {rfc3339(due.slot)} was not handed over",
                    {"slot": rfc3339(due.slot)},
                    owner=due.owner,
                )

    def _late(self, shard: int, now: datetime) -> Iterator[Due]:
        due = (each for each in self.jobs.due(shard, now - self.grace) if isinstance(each, Due))
        return islice(due, _MOST)

    def _heartbeats(self, now: datetime) -> Iterator[Sighting]:
        for shard in range(self.shards):
            for key in self.heartbeats.stale(shard, now - SILENCE, _MOST):
                if key.kind in _WATCHED:
                    yield from self._silent(key, now)

    def _silent(self, key: HeartbeatKey, now: datetime) -> Iterator[Sighting]:
        heard = self.heartbeats.get(*key)
        if heard is not None and is_stale(heard, now, SILENCE):
            yield _sighting(
                kinds.STALE_HEARTBEAT,
                subject_of(key),
                now,
                f"{key.kind} {key.object_id} is silent",
                {"heard": rfc3339(heard.updated_at), "doing": heard.summary},
                owner=key.owner,
            )

    def _clocks(self, now: datetime) -> Iterator[Sighting]:
        skew = self.skew.measure()
        if abs(skew) > MOST_SKEW:
            yield _sighting(
                kinds.CLOCK_SKEW,
                "sweep",
                now,
                f"the sweep's clock is {abs(skew).total_seconds():.0f} s "
                f"{'ahead of' if skew > timedelta() else 'behind'} AWS's",
                {"skew_seconds": f"{skew.total_seconds():.1f}"},
            )


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


def _sighting(
    kind: IncidentKind,
    subject: str,
    now: datetime,
    summary: str,
    evidence: dict[str, str],
    *,
    owner: str = SYSTEM,
) -> Sighting:
    return Sighting(
        owner=owner,
        kind=kind,
        dedupe_key=f"{kind.name}:{subject}",
        # One a minute, however many sweeps there are.
        occurrence=f"{subject}@{now:%Y-%m-%dT%H:%M}",
        summary=summary,
        evidence=evidence,
        related=(subject,),
        subject=subject,
    )
