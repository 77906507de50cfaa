"""Reading what the ledger checker holds together: one owner's jobs in a window, within bounds.

Rows are read behind the job that they belong to, so that each slot that the job has passed by can
be asked for its row. Where a bound is met, the window is not wholly proven, and that is said.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.background.store import WorkStore
from chalicelib.background.task import Origin, Task, slot_key
from chalicelib.healing.doctor.ledger import Finished, JobLedger
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.store import JournalStore
from chalicelib.runs.step import Step
from chalicelib.runs.store import RunStore
from chalicelib.scheduler.job import JobState, Seen, readable
from chalicelib.scheduler.rebase import is_outdated
from chalicelib.scheduler.store import JobStore
from chalicelib.tables import owned

MOST_JOBS = 200
MOST_ROWS = 2_000
MOST_RUNS = 300
MOST_EVENTS = 5_000
_PAGE = 100
_FINISHED = "run.finished"
_BEHIND_ALL = slot_key(datetime.max.replace(tzinfo=UTC))


@dataclass(kw_only=True, eq=False, repr=False)
class LedgerReader:
    """Reads the ledgers of one owner.

    Attributes:
        cut: what was left out, for each bound that was met.
    """

    owner: str
    since: datetime
    now: datetime
    jobs: JobStore
    work: WorkStore
    runs: RunStore
    journal: JournalStore
    cut: dict[str, str] = field(default_factory=dict)
    _runs_read: int = 0

    def ledgers(self) -> Iterator[JobLedger]:
        """Yield the jobs that were not deleted, each with its rows and runs.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        for job_id in self._job_ids():
            seen = self.jobs.seen(owned(self.owner, job_id))
            if seen is not None:
                yield self._ledger(job_id, seen)

    def finished(self) -> list[Finished] | None:
        """Return the terminal events of the window; None where there are too many to tell.

        Raises:
            Unavailable: AWS did not answer.
        """
        streams = (audit_stream(self.owner, number) for number in range(STREAMS))
        found = [
            entry for each in streams for entry in self._entries(each) if entry.kind == _FINISHED
        ]
        return None if "events" in self.cut else [_finished(entry) for entry in found]

    def _job_ids(self) -> Sequence[str]:
        found = self.jobs.listed(self.owner, None, MOST_JOBS + 1)
        if len(found) > MOST_JOBS:
            self.cut["jobs"] = f"only the newest {MOST_JOBS} jobs were looked at"
        return found[:MOST_JOBS]

    def _ledger(self, job_id: str, seen: Seen) -> JobLedger:
        rows, is_whole = self._rows(seen.pk)
        fired = [row for row in rows if row.has_fired]
        headers = self.runs.headers(self.owner, [row.ref.run_id for row in fired])
        schedule = readable(seen.hot.schedule)
        # What is computed with other clocks now, and a job that passes nothing by, tell no slots.
        stands = seen.hot.next is None and seen.hot.state is not JobState.ENABLED
        if stands or (schedule is not None and is_outdated(schedule)):
            schedule = None
        return JobLedger(
            job_id=job_id,
            schedule=schedule,
            since=seen.hot.since,
            next=seen.hot.next,
            rows=rows,
            started={run_id: header.started_at for run_id, header in headers.items()},
            steps=dict(self._steps(fired)),
            is_whole=is_whole,
        )

    def _rows(self, pk: str) -> tuple[list[Task], bool]:
        """Return a job's rows down to the last one of its schedule before the window."""
        found: list[Task] = []
        for row in self.work.newest_first(pk, _BEHIND_ALL):
            found.append(row)
            if row.ref.slot < self.since and row.origin is Origin.SCHEDULE:
                return found, True
            if len(found) == MOST_ROWS:
                self.cut["rows"] = f"only the newest {MOST_ROWS} rows of a job were looked at"
                return found, False
        return found, True

    def _steps(self, fired: Iterable[Task]) -> Iterator[tuple[str, Sequence[Step]]]:
        for row in fired:
            if row.is_erased or row.ref.slot < self.since:
                continue
            if self._runs_read == MOST_RUNS:
                self.cut["runs"] = f"the steps of {MOST_RUNS} runs alone were looked at"
                return
            self._runs_read += 1
            yield row.ref.run_id, self.runs.steps(self.owner, row.ref.run_id)

    def _entries(self, stream: str) -> Iterator[Entry]:
        before: int | None = None
        for _ in range(MOST_EVENTS // _PAGE):
            page = self.journal.newest(stream, before, _PAGE)
            yield from (entry for entry in page if entry.at >= self.since)
            if len(page) < _PAGE and (not page or page[-1].seq == 1):
                return
            if page[-1].at < self.since:
                return
            before = page[-1].seq
        self.cut["events"] = f"events were not looked at: a stream has over {MOST_EVENTS}"


def _finished(entry: Entry) -> Finished:
    details = entry.details
    return Finished(
        id=entry.id, task_id=str(details["run_id"]), state=str(details["state"]), at=entry.at
    )
