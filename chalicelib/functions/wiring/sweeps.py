"""What follows the end of each kind of task, and what keeps and tells of it."""

from datetime import timedelta
from functools import cache

from chalicelib.background.aftermath import Aftermath
from chalicelib.background.cancellation import Cancellation
from chalicelib.background.conclusion import TaskConclusion
from chalicelib.background.delegation import Limits
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.kinds import Conclusion
from chalicelib.background.places import Places
from chalicelib.functions.wiring.container import Container, courier, handover, work
from chalicelib.ids import Ids
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.erasure.keys import DataKeys
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.journal.erasure.wrapping import KmsWrapper
from chalicelib.journal.store import JournalStore
from chalicelib.runs import prompt
from chalicelib.runs.conclusion import RunConclusion
from chalicelib.runs.store import RunStore
from chalicelib.scheduler import conclusion
from chalicelib.scheduler.editing import Editor
from chalicelib.scheduler.job import KIND
from chalicelib.scheduler.store import JobStore
from chalicelib.scheduler.upkeep import Upkeep


@cache
def aftermath(of: Container) -> Aftermath:
    """Return what follows the end of a task."""
    return Aftermath(
        conclusions=conclusions(of),
        otherwise=TaskConclusion(journal=journal(of), clock=of.clock),
        places=places(of),
        work=work(of),
    )


@cache
def conclusions(of: Container) -> dict[str, Conclusion]:
    """Return what is particular to the end of a task, by kind."""
    return {KIND: firing_conclusion(of), prompt.KIND: run_conclusion(of)}


@cache
def firing_conclusion(of: Container) -> conclusion.Conclusion:
    """Return what follows the end of a slot's task."""
    return conclusion.Conclusion(
        jobs=JobStore(),
        work=work(of),
        courier=courier(of),
        run=run_conclusion(of),
        upkeep=upkeep(of),
    )


@cache
def upkeep(of: Container) -> Upkeep:
    """Return what completes, pauses and resumes jobs by itself."""
    return Upkeep(editor=editor(of), incidents=incidents(of), clock=of.clock)


@cache
def editor(of: Container) -> Editor:
    """Return what makes operators' writes on jobs."""
    return Editor(
        jobs=JobStore(),
        work=work(of),
        journal=journal(of),
        handover=handover(of),
        clock=of.clock,
        ids=Ids(of.random_bytes),
    )


@cache
def run_conclusion(of: Container) -> RunConclusion:
    """Return what follows the end of a task that has a run."""
    return RunConclusion(runs=runs(of), journal=journal(of), clock=of.clock)


@cache
def cancellation(of: Container) -> Cancellation:
    """Return what carries out requests to stop."""
    return Cancellation(work=work(of), aftermath=aftermath(of), clock=of.clock)


@cache
def places(of: Container) -> Places:
    """Return what admits delegated tasks."""
    return Places(work=work(of), courier=courier(of), limits=limits(of))


@cache
def limits(of: Container) -> Limits:
    """Return how much may be delegated."""
    settings = of.settings
    return Limits(
        depth=settings.delegation_depth,
        children=settings.delegation_children,
        descendants=settings.delegation_total,
        concurrent=settings.delegation_concurrent,
        groups=settings.delegation_groups,
    )


@cache
def heartbeats(of: Container) -> HeartbeatStore:
    """Return the heartbeats of work under way."""
    return HeartbeatStore(of.settings.shards)


@cache
def incidents(_of: Container) -> IncidentStore:
    """Return the incidents."""
    return IncidentStore()


@cache
def runs(of: Container) -> RunStore:
    """Return the runs."""
    return RunStore(timedelta(days=of.settings.runs_retention_days))


@cache
def journal(of: Container) -> JournalStore:
    """Return the journal, which remembers where its streams end."""
    return JournalStore(data_keys(of))


@cache
def data_keys(of: Container) -> DataKeys:
    """Return the keys of what is personal, which are remembered for a short while."""
    return DataKeys(
        store=KeyStore(), wrapper=KmsWrapper(), clock=of.clock, random_bytes=of.random_bytes
    )
