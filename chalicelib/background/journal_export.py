"""The kind of task that writes an owner's journal into a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.background import late
from chalicelib.background.kinds import Conclusion, Continuation, Ending, Stopped
from chalicelib.background.lease import Lease
from chalicelib.background.payloads import Payloads
from chalicelib.background.store import End
from chalicelib.background.task import State, Task
from chalicelib.clock import Clock, rfc3339
from chalicelib.journal import export
from chalicelib.journal.entry import Entry
from chalicelib.journal.event import STREAMS, audit_stream
from chalicelib.journal.export import Written
from chalicelib.journal.export_files import ExportFiles, Progress
from chalicelib.journal.query import Query, read_query
from chalicelib.journal.store import JournalStore

KIND = late.JOURNAL_EXPORT
_PART_CHARACTERS = 8 * 1024 * 1024  # S3 takes no part below 5 MB but the last.
_STEP_ENTRIES = 5_000
_BATCH = 100
_STEP_LASTS = timedelta(seconds=60)


@dataclass(kw_only=True, eq=False, repr=False)
class JournalExport:
    """Carries out exports, step by step; another invocation goes on behind the last one.

    Attributes:
        part_characters: how much is pending at least before it becomes a part.
        step_entries: how many entries a step looks at.
    """

    journal: JournalStore
    files: ExportFiles
    payloads: Payloads
    clock: Clock
    conclusion: Conclusion
    part_characters: int = _PART_CHARACTERS
    step_entries: int = _STEP_ENTRIES

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation:
        """Write the file.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            UploadIsGone: it was left alone for a day.
            Unavailable: AWS did not answer.
        """
        owner, name = task.ref.owner, task.ref.id
        payload = self.payloads.read(task) or {}
        query, progress = read_query(payload), self.files.progress(owner, name)
        if progress is None:
            progress = self._begin(task, payload)
        while not progress.is_complete:
            if lease.must_stop_before(_STEP_LASTS):
                return Continuation(self.clock.now())
            with lease.step(_STEP_LASTS):
                progress = self._step(task, query, progress)
            # Somebody who lost the task must not put back what another one has brought further.
            if lease.is_asked_to_stop():
                raise Stopped
            self.files.keep(owner, name, progress)
        return Ending(end=End(State.SUCCEEDED, task.outcome, ""))

    def _begin(self, task: Task, payload: Mapping[str, Any]) -> Progress:
        owner, name = task.ref.owner, task.ref.id
        chains = [audit_stream(owner, number) for number in range(STREAMS)]
        ends = tuple(self.journal.head(chain).seq for chain in chains)
        made_at = rfc3339(task.created_at or self.clock.now())
        text, written = export.begin(owner, name, made_at, payload, ends)
        progress = Progress(upload=self.files.begin(owner, name), ends=ends)
        begun = _with(progress, text, written)
        # What follows is repeated by whoever goes on; where the streams ended is not asked again.
        self.files.keep(owner, name, begun)
        return begun

    def _step(self, task: Task, query: Query, progress: Progress) -> Progress:
        owner, name = task.ref.owner, task.ref.id
        if progress.stream == STREAMS and not progress.pending:
            self.files.complete(owner, name, progress)
            return replace(progress, is_complete=True)
        progress = self._read_on(task, query, progress)
        if progress.stream == STREAMS or len(progress.pending) >= self.part_characters:
            tag = self.files.put_part(owner, name, progress)
            progress = replace(progress, pending="", tags=(*progress.tags, tag))
        return progress

    def _read_on(self, task: Task, query: Query, progress: Progress) -> Progress:
        looked_at = 0
        while progress.stream < STREAMS:
            if looked_at >= self.step_entries or len(progress.pending) >= self.part_characters:
                return progress
            progress, number = self._batch(task, query, progress)
            looked_at += number
        chain = export.chain_of(task.ref.owner, task.ref.id)
        written = Written(progress.lines, progress.hash)
        return _with(progress, *export.end(chain, written, progress.entries))

    def _batch(self, task: Task, query: Query, progress: Progress) -> tuple[Progress, int]:
        owner, stream = task.ref.owner, progress.stream
        last = progress.ends[stream] if stream in query.streams else 0
        limit = min(_BATCH, last - progress.seq)
        found: list[Entry] = []
        if limit > 0:
            rows = self.journal.following(audit_stream(owner, stream), progress.seq, limit)
            found = [entry for entry in rows if entry.seq <= last]
        if not found:
            return replace(progress, stream=stream + 1, seq=0), 0
        taken = [entry for entry in found if query.takes(entry)]
        chain = export.chain_of(owner, task.ref.id)
        text, written = export.entries(chain, Written(progress.lines, progress.hash), taken)
        progress = replace(progress, seq=found[-1].seq, entries=progress.entries + len(taken))
        return _with(progress, text, written), len(found)


def _with(progress: Progress, text: str, written: Written) -> Progress:
    return replace(
        progress,
        lines=written.lines,
        hash=written.hash,
        size=progress.size + len(text.encode()),
        pending=progress.pending + text,
    )
