"""What the API is made of."""

from functools import cache

from chalicelib.access.store import AccessStore, IdempotencyStore
from chalicelib.background import erasure, journal_export, journal_verify, verifications
from chalicelib.background.erasures import ErasureCheck, Erasures
from chalicelib.background.exports import ExportCheck, JournalExports
from chalicelib.background.gate.service import GateService
from chalicelib.background.gate.store import GateStore
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.service import TaskService
from chalicelib.functions.wiring import erasing, searching, sweeps
from chalicelib.functions.wiring.container import Container, courier, handover, pace, work
from chalicelib.functions.wiring.making import maker
from chalicelib.functions.wiring.sweeps import journal, runs
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.healing.doctor import kind as doctor_kind
from chalicelib.healing.doctor.service import DoctorCheck, DoctorService
from chalicelib.healing.doctor.store import ExaminationStore
from chalicelib.ids import Ids
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.erasure.reading import PersonalReader
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.journal.export_files import ExportFiles
from chalicelib.journal.retention.days import JournalDays
from chalicelib.journal.search import JournalSearch
from chalicelib.journal.verification.store import VerificationStore
from chalicelib.runs import prompt
from chalicelib.runs.transcripts import Transcripts
from chalicelib.scheduler.checkup import Checkup
from chalicelib.scheduler.making_up import MakeUp
from chalicelib.scheduler.running import Trigger
from chalicelib.scheduler.service import JobService
from chalicelib.scheduler.store import JobStore


@cache
def jobs(of: Container) -> JobService:
    """Return what operators do with jobs."""
    return JobService(
        jobs=JobStore(),
        work=work(of),
        journal=journal(of),
        requests=requests(of),
        handover=handover(of),
        editor=sweeps.editor(of),
        trigger=trigger(of),
        tools=toolbox(of),
        clock=of.clock,
        ids=Ids(of.random_bytes),
        max_attempts=of.settings.max_attempts,
    )


@cache
def trigger(of: Container) -> Trigger:
    """Return what fires jobs beside their schedules."""
    return Trigger(
        jobs=JobStore(),
        work=work(of),
        journal=journal(of),
        courier=courier(of),
        requests=requests(of),
        gates=GateStore(),
        clock=of.clock,
        ids=Ids(of.random_bytes),
        shards=of.settings.shards,
    )


@cache
def making_up(of: Container) -> MakeUp:
    """Return what makes up for slots of the past."""
    return MakeUp(
        jobs=JobStore(),
        work=work(of),
        journal=journal(of),
        courier=courier(of),
        gates=GateStore(),
        editor=sweeps.editor(of),
        clock=of.clock,
        ids=Ids(of.random_bytes),
        shards=of.settings.shards,
    )


@cache
def checkup(of: Container) -> Checkup:
    """Return what looks at how a job is doing."""
    return Checkup(
        jobs=JobStore(),
        work=work(of),
        gates=GateStore(),
        clock=of.clock,
        grace=of.settings.misfire_grace,
    )


@cache
def gate(of: Container) -> GateService:
    """Return what operators do with the gate."""
    return GateService(gates=GateStore(), journal=journal(of), clock=of.clock)


@cache
def requests(_of: Container) -> IdempotencyStore:
    """Return what requests have made under their keys."""
    return IdempotencyStore()


@cache
def tasks(of: Container) -> TaskService:
    """Return what operators do with tasks."""
    return TaskService(
        work=work(of),
        courier=courier(of),
        journal=journal(of),
        incidents=sweeps.incidents(of),
        requests=requests(of),
        maker=maker(of),
        aftermath=sweeps.aftermath(of),
        cancellation=sweeps.cancellation(of),
        kinds={
            prompt.KIND: prompt.PromptCheck(tools=toolbox(of)),
            journal_export.KIND: ExportCheck(),
            journal_verify.KIND: verifications.VerifyCheck(),
            erasure.KIND: ErasureCheck(),
            doctor_kind.KIND: DoctorCheck(clock=of.clock),
        },
        clock=of.clock,
        ids=Ids(of.random_bytes),
        pace=pace(of),
        limits=sweeps.limits(of),
        max_attempts=of.settings.max_attempts,
    )


@cache
def journal_search(of: Container) -> JournalSearch:
    """Return what reads journals."""
    return searching.journal_search(of)


@cache
def journal_days(of: Container) -> JournalDays:
    """Return what counts the events of days."""
    return JournalDays(journal=journal(of))


@cache
def journal_exports(of: Container) -> JournalExports:
    """Return what operators do with exports of the journal."""
    return JournalExports(tasks=tasks(of), files=ExportFiles(), clock=of.clock)


@cache
def journal_verifications(of: Container) -> verifications.JournalVerifications:
    """Return what operators do with verifications of the journal."""
    return verifications.JournalVerifications(tasks=tasks(of), verifications=VerificationStore())


@cache
def doctor(of: Container) -> DoctorService:
    """Return what operators do with the doctor."""
    return DoctorService(tasks=tasks(of), examinations=ExaminationStore())


@cache
def erasures(of: Container) -> Erasures:
    """Return what operators do with erasures."""
    return Erasures(tasks=tasks(of), rooms=erasing.rooms(of), keys=KeyStore())


@cache
def personal(of: Container) -> PersonalReader:
    """Return what opens what is personal."""
    return erasing.personal(of)


@cache
def heartbeats(of: Container) -> HeartbeatStore:
    """Return the heartbeats of work under way."""
    return sweeps.heartbeats(of)


@cache
def incidents(of: Container) -> IncidentStore:
    """Return the incidents."""
    return sweeps.incidents(of)


@cache
def transcripts(of: Container) -> Transcripts:
    """Return what reads runs."""
    return Transcripts(runs=runs(of), work=work(of))


@cache
def access(_of: Container) -> AccessStore:
    """Return who may come in."""
    return AccessStore()
