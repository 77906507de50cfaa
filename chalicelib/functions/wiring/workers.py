"""What the workers are made of: the kinds of tasks that they know, and the tools of runs."""

from datetime import timedelta
from functools import cache

from chalicelib.background import erasure, journal_export, journal_verify
from chalicelib.background.followups import FollowUps
from chalicelib.background.gate.store import GateStore
from chalicelib.background.gate.watch import GateWatch
from chalicelib.background.kinds import Kind
from chalicelib.background.lease import ThreadHeart
from chalicelib.background.shelf import Shelf
from chalicelib.background.worker import Worker
from chalicelib.functions.wiring import erasing, seals
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
    journal_alarm,
    places,
    run_conclusion,
)
from chalicelib.functions.wiring.sweeps import runs as run_store
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.healing.doctor import kind as doctor_kind
from chalicelib.healing.doctor.kind import LateKind
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.journal.export_files import ExportFiles
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.verification.store import VerificationStore
from chalicelib.providers import OfflineProvider
from chalicelib.runs import prompt
from chalicelib.runs.chains import RunChains
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
        ungated=frozenset({doctor_kind.KIND}),
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
    return {
        KIND: dispatch,
        prompt.KIND: prompts,
        journal_export.KIND: exports(of),
        journal_verify.KIND: verify(of),
        erasure.KIND: erase(of),
        doctor_kind.KIND: doctor(of),
    }


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


@cache
def exports(of: Container) -> journal_export.JournalExport:
    """Return what writes journals into files."""
    return journal_export.JournalExport(
        journal=journal(of),
        files=ExportFiles(),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )


@cache
def verify(of: Container) -> journal_verify.JournalVerify:
    """Return what verifies journals."""
    retention = timedelta(days=of.settings.runs_retention_days)
    return journal_verify.JournalVerify(
        journal=journal(of),
        seals=SealStore(),
        copies=seals.copies(of),
        signatures=seals.signatures(of),
        runs=RunChains(runs=run_store(of), clock=of.clock, retention=retention),
        keys=KeyStore(),
        verifications=VerificationStore(),
        alarm=journal_alarm(of),
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )


@cache
def doctor(of: Container) -> LateKind:
    """Return what examines the stage, which loads every room when it first does."""

    def make() -> Kind:
        from chalicelib.functions.wiring.doctor import doctor as made  # noqa: PLC0415  as said

        return made(of)

    return LateKind(make=make, conclusion=aftermath(of).otherwise)


@cache
def erase(of: Container) -> erasure.SubjectErasure:
    """Return what erases what is known of subjects."""
    return erasure.SubjectErasure(
        rooms=erasing.rooms(of),
        keys=KeyStore(),
        journal=journal(of),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )


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
