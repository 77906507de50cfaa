"""Checks of the scheduler: ticks, slots that are due, and jobs that wait for somebody."""

from collections.abc import Iterator
from datetime import timedelta

import tzdata as package

from chalicelib.clock import rfc3339
from chalicelib.healing.doctor.check import Look, Step, Verdict, found
from chalicelib.healing.doctor.jobs import each_job
from chalicelib.healing.doctor.rooms import Rooms, seconds
from chalicelib.scheduler.job import Due, Hold, JobState, Waking, readable
from chalicelib.scheduler.rebase import is_outdated
from chalicelib.schedules import Cron, timezone
from chalicelib.status import LONGEST_SINCE_TICK

SLOTS = "scheduler.slots"
# A slot is handed over ahead of its instant; two ticks have not seen one that is this late.
LATE = timedelta(seconds=90)
_HELD = {
    Hold.FAILURES: "is paused: it failed too often in a row",
    Hold.UNREADABLE: "is paused: its schedule cannot be read",
}


def tick(rooms: Rooms) -> Look:
    """See when the last tick looked at everything."""
    last = rooms.ticks.last()
    if last is None:
        return found(["no tick has run yet"], "")
    since = rooms.clock.now() - last
    told = f"the last tick was {seconds(since)} ago"
    return found([told] if since > LONGEST_SINCE_TICK else [], told)


def sweep(rooms: Rooms) -> Look:
    """See when the last sweep looked at everything."""
    last = rooms.sweeps.last()
    if last is None:
        return found(["no sweep has run yet"], "")
    since = rooms.clock.now() - last
    told = f"the last sweep was {seconds(since)} ago"
    return found([told] if since > LONGEST_SINCE_TICK else [], told)


def slots(rooms: Rooms) -> Look:
    """Look for slots that are due and that nobody handed over."""
    late = list(overdue(rooms))
    told = sorted(late, key=_instant)
    bad = [_told(rooms, each) for each in told]
    owners = {each.pk.partition("#")[0] for each in late if isinstance(each, Due)}
    steps = [
        Step(SLOTS, owner, f"hand over what is due of {owner}")
        for owner in sorted(owners)
        if rooms.sees(owner)
    ]
    return found(bad, "every slot that is due was handed over", steps=steps)


def jobs(rooms: Rooms) -> Look:
    """Look for jobs that paused themselves."""
    looked_at, bad = 0, []
    for job_id, seen in each_job(rooms):
        looked_at += 1
        hold = seen.hot.standing.hold
        if seen.hot.state is JobState.PAUSED and hold in _HELD:
            bad.append(f"{job_id} {_HELD[hold]}")
    good = f"none of {looked_at} jobs has paused itself"
    return found(bad, good, verdict=Verdict.WARNING)


def review(rooms: Rooms) -> Look:
    """Look for slots that an operator has to decide about."""
    bad = [
        f"{job_id}: slots from {rfc3339(waits.first)} to {rfc3339(waits.last)}"
        for job_id, seen in each_job(rooms)
        if (waits := seen.hot.standing.review) is not None
    ]
    return found(bad, "no missed slot waits for a decision", verdict=Verdict.WARNING)


def tzdata(rooms: Rooms) -> Look:
    """Hold the time zones against the pin, and schedules against the time zones."""
    installed = package.__version__
    if installed != rooms.wanted.tzdata:
        told = f"tzdata {installed} is installed, and {rooms.wanted.tzdata} is pinned"
        return found([told], "")
    newer = [
        f"{job_id} was computed with {schedule.tzdata}"
        for job_id, seen in each_job(rooms)
        if isinstance(schedule := readable(seen.hot.schedule), Cron)
        and is_outdated(schedule)
        and schedule.tzdata > timezone.VERSION
    ]
    return found(newer, f"tzdata {timezone.VERSION}, as pinned", verdict=Verdict.WARNING)


def overdue(rooms: Rooms) -> Iterator[Due | Waking]:
    """Yield the jobs whose next slot is late, and paused ones that should have resumed."""
    gate, before = rooms.gates.read(), rooms.clock.now() - LATE
    for shard in range(rooms.settings.shards):
        for due in rooms.jobs.due(shard, before):
            if isinstance(due, Waking) or not gate.closed(due.owner):
                yield due


def _instant(due: Due | Waking) -> float:
    return (due.at if isinstance(due, Waking) else due.slot).timestamp()


def _told(rooms: Rooms, due: Due | Waking) -> str:
    owner, _, job = due.pk.partition("#")
    name = job if rooms.sees(owner) else "a job of another owner"
    if isinstance(due, Waking):
        return f"{name} should have resumed at {rfc3339(due.at)}"
    return f"{name}: slot {rfc3339(due.slot)} is {rooms.ago(due.slot)} late"
