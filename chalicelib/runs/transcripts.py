"""Transcripts: what a run has done so far, read along the links from its task's checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        task = self.work.get(header.task)
        if task is not None and task.token > header.ended_token:
            # The header has not seen the end yet, or an operator's retry goes beyond it.
            header = replace(
                header,
                state=task.state if task.state.is_terminal else None,
                ended_at=task.finished_at,
                reason=task.reason,
                last=task.checkpoint,
            )
        steps = transcript(self.runs.steps(owner, run_id), header.last)
        return RunView(header=header, steps=steps)

    def accepted(self, task: Task) -> list[Step]:
        """Return the steps of a task's run up to its checkpoint."""
        if task.checkpoint is None:
            return []
        return transcript(self.runs.steps(task.ref.owner, task.ref.run_id), task.checkpoint)
