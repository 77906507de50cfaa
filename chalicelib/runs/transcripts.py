"""Transcripts: what a run has done so far, read along the links from its task's checkpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chalicelib.background.store import WorkStore
from chalicelib.background.task import Task
from chalicelib.errors import NotFound
from chalicelib.page import Page
from chalicelib.providers import Answer
from chalicelib.runs.step import Step, transcript
from chalicelib.runs.store import RunHeader, RunStore
from chalicelib.tables import owned

_BATCH = 100  # What DynamoDB answers to one request for several items.
_MOST_BATCHES = 10


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
        header = _as_of(header, self.work.get(header.task))
        if header.is_erased:
            return RunView(header=header, steps=())
        steps = transcript(self.runs.steps(owner, run_id), header.last)
        return RunView(header=header, steps=steps)

    def accepted(self, task: Task) -> list[Step]:
        """Return the steps of a task's run up to its checkpoint."""
        if task.checkpoint is None:
            return []
        return transcript(self.runs.steps(task.ref.owner, task.ref.run_id), task.checkpoint)

    def list(
        self, owner: str, job_id: str | None, after: str | None, limit: int
    ) -> Page[RunHeader]:
        """Return an owner's runs, the latest started first, or a job's, the newest slot first.

        At most 1,000 slots of a job are looked at for one page: a page may be short although
        others follow.

        Args:
            owner: whose runs.
            job_id: only runs of this job; None for all.
            after: `next` of the page before; None for the first page.
            limit: how many a page has at most.
        """
        if job_id is not None:
            return self._of_job(owned(owner, job_id), after, limit)
        keys = self.runs.recent(owner, after, limit)
        headers = self.runs.headers(owner, [key.run_id for key in keys])
        known = [headers[key.run_id] for key in keys if key.run_id in headers]
        tasks = self.work.get_all(header.task for header in known)
        found = [_as_of(header, tasks.get(header.task)) for header in known]
        return Page(found, keys[-1] if len(keys) == limit else None)

    def _of_job(self, pk: str, after: str | None, limit: int) -> Page[RunHeader]:
        found: list[RunHeader] = []
        for _ in range(_MOST_BATCHES):
            rows = self.work.newest(pk, after, _BATCH)
            for task, header in self._with_headers(rows):
                found.append(_as_of(header, task))
                if len(found) == limit:
                    return Page(found, task.ref.sk)
            if len(rows) < _BATCH:
                return Page(found, None)
            after = rows[-1].ref.sk
        return Page(found, after)

    def _with_headers(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, RunHeader]]:
        slots = [task for task in tasks if task.ref.is_slot]
        owner = slots[0].ref.owner if slots else ""
        headers = self.runs.headers(owner, [task.ref.run_id for task in slots])
        for task in slots:
            if task.ref.run_id in headers:
                yield task, headers[task.ref.run_id]


def _as_of(header: RunHeader, task: Task | None) -> RunHeader:
    """Return a header as its task stands now.

    It has not seen the end yet, or an operator's retry goes beyond it.
    """
    if task is None or task.token <= header.ended_token or header.is_erased:
        return header
    return replace(
        header,
        state=task.state if task.state.is_terminal else None,
        ended_at=task.finished_at,
        reason=task.reason,
        last=task.checkpoint,
    )
