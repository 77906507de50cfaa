"""What the API is made of."""

from functools import cache

from chalicelib.access.store import AccessStore
from chalicelib.functions.wiring.container import Container, handover, work
from chalicelib.functions.wiring.sweeps import journal, runs
from chalicelib.functions.wiring.tools import toolbox
from chalicelib.ids import Ids
from chalicelib.runs.transcripts import Transcripts
from chalicelib.scheduler.service import JobService
from chalicelib.scheduler.store import JobStore


@cache
def jobs(of: Container) -> JobService:
    """Return what operators do with jobs."""
    return JobService(
        jobs=JobStore(),
        work=work(of),
        journal=journal(of),
        handover=handover(of),
        tools=toolbox(of),
        clock=of.clock,
        ids=Ids(of.random_bytes),
        max_attempts=of.settings.max_attempts,
    )


@cache
def transcripts(of: Container) -> Transcripts:
    """Return what reads runs."""
    return Transcripts(runs=runs(of), work=work(of))


@cache
def access(_of: Container) -> AccessStore:
    """Return who may come in."""
    return AccessStore()
