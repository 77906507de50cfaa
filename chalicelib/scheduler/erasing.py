"""JobEraser: the name and the prompt that somebody gave a job."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.background.erasure import Part
from chalicelib.errors import Conflict
from chalicelib.scheduler.job import JobState
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import owned


@dataclass(kw_only=True, eq=False, repr=False)
class JobEraser:
    """Erases the definitions of deleted jobs; what slots they had stays in the ledger."""

    jobs: JobStore

    def holds(self, owner: str, subject: str) -> bool:
        """Return whether the subject is a job.

        Raises:
            Conflict: it was not deleted.
        """
        hot = self.jobs.hot(owned(owner, subject))
        if hot is not None and hot.state is not JobState.DELETED:
            raise Conflict("the job is not deleted", field="subject", fix="delete the job first")
        return hot is not None

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase the definition."""
        self.jobs.erase(owned(owner, subject))
        yield Part(after)
