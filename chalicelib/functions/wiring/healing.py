"""What healing is made of: looks at causes, and remedies, by the names of what they are for."""

from collections.abc import Mapping
from functools import cache

from chalicelib.background.gate.store import GateStore
from chalicelib.background.rescues import Rescues
from chalicelib.background.sweep import Sweep
from chalicelib.background.task import Lane, Task
from chalicelib.functions.wiring import sweeping, sweeps
from chalicelib.functions.wiring.container import Container, courier, handover, work
from chalicelib.healing import remedies as does
from chalicelib.healing.causes import JobCauses, TaskCauses, WatchdogCauses
from chalicelib.healing.healer import Healer, Look
from chalicelib.healing.modes import Modes
from chalicelib.healing.node_causes import AuthorityCauses, NodeCauses
from chalicelib.healing.remedying import Remedy, Remedying
from chalicelib.healing.service import IncidentService
from chalicelib.healing.skew import Skew
from chalicelib.healing.watch import Watch
from chalicelib.incidents import kinds, node_kinds
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.certificates.hearing import Hearing
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.scheduler import changes
from chalicelib.scheduler.store import JobStore, SweepLog, TickLog


@cache
def sweep(of: Container) -> Sweep:
    """Return the sweep, which tells what it rescues."""
    made = sweeping.sweep(of)
    made.told = Rescues(incidents=sweeps.incidents(of))
    return made


@cache
def watch(of: Container) -> Watch:
    """Return what sees the faults that no room sees."""
    return Watch(
        incidents=sweeps.incidents(of),
        heartbeats=sweeps.heartbeats(of),
        jobs=JobStore(),
        ticks=TickLog(),
        sweeps=SweepLog(),
        gates=GateStore(),
        skew=skew(of),
        modes=Modes(of.settings),
        clock=of.clock,
        grace=of.settings.misfire_grace,
        shards=of.settings.shards,
    )


@cache
def healer(of: Container) -> Healer:
    """Return what looks after incidents."""
    return Healer(
        incidents=sweeps.incidents(of),
        looks=looks(of),
        remedying=remedying(of),
        modes=Modes(of.settings),
        clock=of.clock,
    )


@cache
def incidents(of: Container) -> IncidentService:
    """Return what operators do with incidents."""
    return IncidentService(
        incidents=sweeps.incidents(of),
        journal=sweeps.journal(of),
        remedying=remedying(of),
        looks=looks(of),
        modes=Modes(of.settings),
        clock=of.clock,
    )


@cache
def remedying(of: Container) -> Remedying:
    """Return what tries remedies."""
    return Remedying(incidents=sweeps.incidents(of), remedies=remedies(of), clock=of.clock)


@cache
def skew(of: Container) -> Skew:
    """Return what measures this process's clock."""
    return Skew(courier(of).lanes[Lane.NORMAL], of.clock)


@cache
def looks(of: Container) -> Mapping[str, Look]:
    """Return what looks at the cause of each kind that ends by it."""
    tasks = TaskCauses(work=work(of), lanes=courier(of).lanes)
    jobs = JobCauses(
        jobs=JobStore(), ticks=TickLog(), gates=GateStore(), grace=of.settings.misfire_grace
    )
    watchdog = WatchdogCauses(heartbeats=sweeps.heartbeats(of), skew=skew(of))
    nodes = NodeCauses(certificates=CertificateStore())
    authority = AuthorityCauses(authorities=AuthorityStore())
    return {
        kinds.DEAD_WORK.name: tasks.dead_work,
        kinds.UNSENT.name: tasks.unsent,
        kinds.LANE_SLOW.name: tasks.lane_slow,
        kinds.UNKNOWN_KIND.name: tasks.unknown_kind,
        kinds.DEAD_LETTER.name: tasks.dead_letter,
        kinds.JOB_FAILING.name: jobs.failing,
        kinds.JOB_UNREADABLE.name: jobs.unreadable,
        kinds.SLOTS_LATE.name: jobs.slots_late,
        kinds.TICK_LATE.name: jobs.tick_late,
        kinds.STALE_HEARTBEAT.name: watchdog.stale_heartbeat,
        kinds.CLOCK_SKEW.name: watchdog.clock_skew,
        node_kinds.NODE_CLONED.name: nodes.cloned,
        node_kinds.CERTIFICATE_ENDING.name: nodes.ending,
        node_kinds.CERTIFICATE_EXPIRED.name: nodes.expired,
        node_kinds.AUTHORITY_ENDING.name: authority.ending,
        node_kinds.AUTHORITY_EXPIRED.name: authority.expired,
    }


@cache
def remedies(of: Container) -> Mapping[str, Remedy]:
    """Return what does what each descriptor says."""
    return {
        "look_after_task": does.LookAfterTask(sweep=sweep(of)),
        "hand_over_slots": does.HandOver(
            jobs=JobStore(), handover=handover(of), gates=GateStore(), clock=of.clock
        ),
        "resume_job": does.ChangeJob(
            editor=sweeps.editor(of), rule=changes.resume, did="the job was resumed"
        ),
        "clear_heartbeat": does.ClearHeartbeat(
            heartbeats=sweeps.heartbeats(of),
            is_paired=Hearing(certificates=CertificateStore()).is_paired,
        ),
        "resume_task": does.MoveTask(move=_resume(of), did="the task was resumed"),
        "cancel_task": does.MoveTask(move=_cancel(of), did="the task was asked to stop"),
        "roll_back_policies": _roll_back(of),
    }


# What the sweep hardly ever does, it does not load either.


def _resume(of: Container) -> does.Move:
    def resume(owner: str, by: str, task_id: str) -> Task:
        from chalicelib.functions.wiring import api  # noqa: PLC0415  hardly ever needed

        return api.tasks(of).resume(owner, by, task_id)

    return resume


def _cancel(of: Container) -> does.Move:
    def cancel(owner: str, by: str, task_id: str) -> Task:
        from chalicelib.functions.wiring import api  # noqa: PLC0415  hardly ever needed

        return api.tasks(of).cancel(owner, by, task_id, "an incident was remedied so")

    return cancel


def _roll_back(of: Container) -> Remedy:
    def roll_back(record: RuntimeIncidentRecord, by: str) -> str:
        from chalicelib.functions.wiring import policies  # noqa: PLC0415  hardly ever needed

        active = policies.policies(of).roll_back(record.owner, by)
        return f"version {active.version} decides again"

    return roll_back
