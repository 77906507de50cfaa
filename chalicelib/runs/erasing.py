"""RunEraser: what runs were asked, what they did on the way, and what they answered."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.background.erasing import Family
from chalicelib.background.erasure import Part
from chalicelib.runs.store import RunStore


@dataclass(kw_only=True, eq=False, repr=False)
class RunEraser:
    """Erases the runs of a job's firings or of a task, and of all that came of them."""

    family: Family
    runs: RunStore

    def holds(self, owner: str, subject: str) -> bool:  # noqa: ARG002 - what has runs is a task's
        """Return False: whatever has runs is known by its tasks."""
        return False

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase the headers and steps of runs."""
        for task, behind in self.family.members(owner, subject, after):
            self.runs.erase(owner, task.ref.run_id)
            yield Part(behind)
