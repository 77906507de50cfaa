"""Transcripts: what a run has done so far, read along the links from its task's checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task
from chalicelib.errors import NotFound
from chalicelib.providers import Answer
from chalicelib.runs.step import Step, transcript
from chalicelib.runs.store import RunHeader, RunStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as readers see it: its header, and the steps that count."""

    header: RunHeader
    steps: Sequence[Step]

    @property
    def result(self) -> str | None:
        """Return the answer, or None while there is none."""
        turn = self.steps[-1].turn if self.steps else None
        return turn.text if isinstance(turn, Answer) else None


@dataclass(kw_only=True, eq=False, repr=False)
class Transcripts:
    """Reads runs."""

    runs: RunStore
    work: WorkStore

    def view(self, owner: str, run_id: str) -> RunView:
        """Return a run with the steps that count.

        Raises:
            NotFound: the owner has no such run.
        """
        header = self.runs.header(owner, run_id)
        if header is None:
            raise NotFound(f"there is no run {run_id!r:.120}")
        last = header.last
        if header.state is None:
            task = self.work.get(header.task)
            last = task.checkpoint if task else None
        return RunView(header=header, steps=transcript(self.runs.steps(owner, run_id), last))

    def accepted(self, task: Task) -> list[Step]:
        """Return the steps of a task's run up to its checkpoint."""
        if task.checkpoint is None:
            return []
        return transcript(self.runs.steps(task.ref.owner, task.ref.run_id), task.checkpoint)
