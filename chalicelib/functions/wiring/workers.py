"""What the workers are made of: the kinds of tasks that they know, and the tools of runs."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from types import ModuleType

from chalicelib.background import late
from chalicelib.background.followups import FollowUps
from chalicelib.background.gate.store import GateStore
from chalicelib.background.gate.watch import GateWatch
from chalicelib.background.kinds import Kind
from chalicelib.background.lease import ThreadHeart
from chalicelib.background.shelf import Shelf
from chalicelib.background.worker import Worker
from chalicelib.functions.wiring.approvals import approvals
from chalicelib.functions.wiring.authority import authority
from chalicelib.functions.wiring.container import Container, courier, pace, work
from chalicelib.functions.wiring.making import maker
from chalicelib.functions.wiring.sweeps import (
    aftermath,
    cancellation,
    firing_conclusion,
    heartbeats,
    incidents,
    journal,
    places,
    run_conclusion,
)
from chalicelib.functions.wiring.sweeps import runs as run_store
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.healing.doctor import kind as doctor
from chalicelib.providers import OfflineProvider
from chalicelib.runs import prompt
from chalicelib.runs.consent import Consents
from chalicelib.runs.service import RunService
from chalicelib.runs.transcripts import Transcripts
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.job import KIND
from chalicelib.scheduler.locking import JobLock
from chalicelib.scheduler.store import JobStore


@cache
def worker(of: Container, lane: str) -> Worker:
    """Return the worker of a lane."""
    return Worker(
        lane=lane,
        work=work(of),
        courier=courier(of),
        journal=journal(of),
        heartbeats=heartbeats(of),
        kinds=kinds(of),
        places=places(of),
        follow_ups=follow_ups(of),
        shelf=Shelf(work=work(of), incidents=incidents(of), clock=of.clock),
        aftermath=aftermath(of),
        cancellation=cancellation(of),
        gate=gate(of),
        clock=of.clock,
        heart=ThreadHeart(),
        random_bytes=of.random_bytes,
        pace=pace(of),
        retry_base=timedelta(seconds=of.settings.retry_base_seconds),
        most_hops=of.settings.max_hops,
        backoffs={KIND: JobStore().backoff},
        # Who has paused everything wants to know how it is; and it begins no work by itself.
        ungated=frozenset({doctor.KIND}),
    )


@cache
def gate(of: Container) -> GateWatch:
    """Return the gate as all workers of a container see it."""
    return GateWatch(gates=GateStore(), clock=of.clock)


@cache
def kinds(of: Container) -> dict[str, Kind]:
    """Return the kinds of tasks that workers know."""
    dispatch = Dispatch(
        jobs=JobStore(),
        lock=job_lock(of),
        runs=runs(of),
        clock=of.clock,
        conclusion=firing_conclusion(of),
    )
    prompts = prompt.Prompt(
        runs=runs(of),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=run_conclusion(of),
    )
    return {KIND: dispatch, prompt.KIND: prompts, **_late(of)}


@cache
def job_lock(of: Container) -> JobLock:
    """Return what takes jobs' locks."""
    return JobLock(
        jobs=JobStore(),
        work=work(of),
        conclusion=firing_conclusion(of),
        cancellation=cancellation(of),
        aftermath=aftermath(of),
        clock=of.clock,
    )


def _late(of: Container) -> dict[str, Kind]:
    """Return the kinds that few tasks are of."""
    made: dict[str, Callable[[], Kind]] = {
        late.JOURNAL_EXPORT: lambda: _journal_tasks().exports(of),
        late.JOURNAL_VERIFY: lambda: _journal_tasks().verify(of),
        late.ERASURE: lambda: _journal_tasks().erase(of),
        doctor.KIND: lambda: _doctor(of),
    }
    conclusion = aftermath(of).otherwise
    return {name: late.LateKind(make=make, conclusion=conclusion) for name, make in made.items()}


def _journal_tasks() -> ModuleType:
    from chalicelib.functions.wiring import journal_tasks  # noqa: PLC0415  with the first task

    return journal_tasks


def _doctor(of: Container) -> Kind:
    from chalicelib.functions.wiring.doctor import doctor as made  # noqa: PLC0415  as above

    return made(of)


@cache
def follow_ups(of: Container) -> FollowUps:
    """Return what makes the tasks that follow others."""
    return FollowUps(
        work=work(of),
        courier=courier(of),
        maker=maker(of),
        incidents=incidents(of),
        clock=of.clock,
        last_attempt=of.settings.max_attempts - 1,
        most_depth=of.settings.max_depth,
    )


@cache
def runs(of: Container) -> RunService:
    """Return what carries out runs."""
    return RunService(
        transcripts=Transcripts(runs=run_store(of), work=work(of)),
        provider=OfflineProvider(),
        tools=toolbox(of),
        policy=authority(of),
        consents=consents(of),
        clock=of.clock,
        max_steps=of.settings.max_steps,
    )


@cache
def consents(of: Container) -> Consents:
    """Return what asks for approvals in the name of runs."""
    return Consents(approvals=approvals(of), work=work(of), tools=toolbox(of), clock=of.clock)
