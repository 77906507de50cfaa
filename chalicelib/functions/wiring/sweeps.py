"""What the sweep is made of, and how each kind of task is concluded."""

from datetime import timedelta
from functools import cache

from chalicelib.background.kinds import Conclusion
from chalicelib.background.sweep import Sweep
from chalicelib.functions.wiring.container import Container, queues, work
from chalicelib.journal.store import JournalStore
from chalicelib.runs.store import RunStore
from chalicelib.scheduler import conclusion
from chalicelib.scheduler.job import KIND
from chalicelib.scheduler.store import JobStore


@cache
def sweep(of: Container) -> Sweep:
    """Return the sweep."""
    return Sweep(
        work=work(of),
        queues=queues(of),
        conclusions=conclusions(of),
        clock=of.clock,
        shards=of.settings.shards,
    )


@cache
def conclusions(of: Container) -> dict[str, Conclusion]:
    """Return what follows the end of a task, by kind."""
    return {KIND: firing_conclusion(of)}


@cache
def firing_conclusion(of: Container) -> conclusion.Conclusion:
    """Return what follows the end of a slot's task."""
    return conclusion.Conclusion(
        jobs=JobStore(), runs=runs(of), journal=journal(of), clock=of.clock
    )


@cache
def runs(of: Container) -> RunStore:
    """Return the runs."""
    return RunStore(timedelta(days=of.settings.runs_retention_days))


@cache
def journal(_of: Container) -> JournalStore:
    """Return the journal, which remembers where its streams end."""
    return JournalStore()
