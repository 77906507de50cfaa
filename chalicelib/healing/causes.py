"""Causes: whether what an incident says is still so, looked at where it would be seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.background.gate.store import GateStore
from chalicelib.background.heartbeats.record import (
    SILENCE,
    HeartbeatKey,
    WorkHeartbeatKind,
    is_stale,
)
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.queue import LaneQueue
from chalicelib.background.rescues import is_unsent
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.healing.decision import Cause
from chalicelib.healing.skew import MOST_SKEW, Skew
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.scheduler.job import Hold, Hot, JobState
from chalicelib.scheduler.store import JobStore, TickLog
from chalicelib.status import LONGEST_SINCE_TICK
from chalicelib.tables import owned

_SEPARATOR = ":"


def subject_of(key: HeartbeatKey) -> str:
    """Return the subject of the incident of a heartbeat."""
    return f"{key.kind}{_SEPARATOR}{key.object_id}"


def heartbeat_of(record: RuntimeIncidentRecord) -> HeartbeatKey:
    """Return the heartbeat that an incident is of."""
    kind, _, object_id = record.subject.partition(_SEPARATOR)
    return HeartbeatKey(record.owner, WorkHeartbeatKind(kind), object_id)


@dataclass(kw_only=True, eq=False, repr=False)
class TaskCauses:
    """Looks at tasks and their lanes."""

    work: WorkStore
    lanes: Mapping[str, LaneQueue]

    def dead_work(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether a task is held by somebody whose lease is over."""
        task = self._task(record)
        is_held = task is not None and task.state is State.RUNNING
        return present(is_held and task is not None and task.lease_is_over(now))

    def unsent(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether nobody has taken a task's message."""
        task = self._task(record)
        return present(task is not None and is_unsent(task))

    def lane_slow(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether messages wait in a lane."""
        return present(self.lanes[record.subject].depths()["waiting"] > 0)

    def unknown_kind(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether a task is put aside."""
        task = self._task(record)
        return present(task is not None and task.state is State.PAUSED)

    def dead_letter(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether a task is open."""
        task = self._task(record)
        return present(task is not None and not task.state.is_terminal)

    def _task(self, record: RuntimeIncidentRecord) -> Task | None:
        return self.work.get(TaskRef.of(record.owner, record.subject))


@dataclass(kw_only=True, eq=False, repr=False)
class JobCauses:
    """Looks at jobs and ticks."""

    jobs: JobStore
    ticks: TickLog
    gates: GateStore
    grace: timedelta

    def failing(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether a job is paused because its runs failed."""
        return self._held(record, Hold.FAILURES)

    def unreadable(self, record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether a job is paused because its schedule cannot be read."""
        return self._held(record, Hold.UNREADABLE)

    def slots_late(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether a job is behind; what the gate keeps is not."""
        hot = self._hot(record)
        if hot is None or hot.state is not JobState.ENABLED or hot.next is None:
            return Cause.GONE
        is_late = now - hot.next > self.grace
        return present(is_late and not self.gates.read().closed(record.owner))

    def tick_late(self, _record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether no tick ran lately."""
        last = self.ticks.last()
        return present(last is None or now - last > LONGEST_SINCE_TICK)

    def _held(self, record: RuntimeIncidentRecord, hold: Hold) -> Cause:
        hot = self._hot(record)
        is_paused = hot is not None and hot.state is JobState.PAUSED
        return present(is_paused and hot is not None and hot.standing.hold is hold)

    def _hot(self, record: RuntimeIncidentRecord) -> Hot | None:
        return self.jobs.hot(owned(record.owner, record.subject))


@dataclass(kw_only=True, eq=False, repr=False)
class WatchdogCauses:
    """Looks at heartbeats and clocks."""

    heartbeats: HeartbeatStore
    skew: Skew

    def stale_heartbeat(self, record: RuntimeIncidentRecord, now: datetime) -> Cause:
        """Return whether work is silent."""
        heard = self.heartbeats.get(*heartbeat_of(record))
        return present(heard is not None and is_stale(heard, now, SILENCE))

    def clock_skew(self, _record: RuntimeIncidentRecord, _now: datetime) -> Cause:
        """Return whether this function's clock is off."""
        return present(abs(self.skew.measure()) > MOST_SKEW)


def present(is_there: bool) -> Cause:  # noqa: FBT001 - it names what the answer means
    """Return the cause that is there, or gone."""
    return Cause.PRESENT if is_there else Cause.GONE
