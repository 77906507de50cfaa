"""Decisions: what the policies were lately asked about runs, so that it can be asked again.

What was allowed to begin is in the header of its run, what was refused in the journal. A run that
began is also asked about each tool that it was granted, whether it called it or not.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain, islice
from typing import Any

from chalicelib.background.task import TaskRef, partition, slot_key
from chalicelib.clock import Clock, read_rfc3339
from chalicelib.journal.entry import Entry
from chalicelib.journal.query import Query
from chalicelib.journal.search import JournalSearch
from chalicelib.policy.dry_run import Recorded
from chalicelib.policy.request import Approval
from chalicelib.runs import asking
from chalicelib.runs.store import RunStore
from chalicelib.runs.tools import Toolbox

KEPT = timedelta(days=30)
_DENIED = ("slot.denied", "task.denied")
_A_PAGE = 100
_MOST_DENIED = 200


@dataclass(kw_only=True, eq=False, repr=False)
class RunDecisions:
    """Reads what was decided about runs.

    Attributes:
        name_of: what an owner's job is called now; what was refused to one whose name nobody
            knows any more cannot be asked again.
    """

    name_of: Callable[[str, str], str | None]
    runs: RunStore
    journal: JournalSearch
    tools: Toolbox
    clock: Clock

    def recent(self, owner: str, limit: int) -> Iterator[Recorded]:
        """Yield an owner's decisions of the last 30 days, the latest first.

        Args:
            owner: the workspace.
            limit: how many dispatches at most; each comes with the tools that were granted.
        """
        since = self.clock.now() - KEPT
        allowed, denied = self._allowed(owner, since), self._denied(owner, since)
        newest_first = merge(allowed, denied, key=lambda of: of.at, reverse=True)
        for dispatch in islice(newest_first, limit):
            yield dispatch
            yield from self._calls(owner, dispatch)

    def _allowed(self, owner: str, since: datetime) -> Iterator[Recorded]:
        after = None
        while keys := self.runs.recent(owner, after, _A_PAGE):
            headers = self.runs.headers(owner, [key.run_id for key in keys])
            for header in (headers[key.run_id] for key in keys if key.run_id in headers):
                if header.started_at < since:
                    return
                if header.asked:
                    asked = json.loads(header.asked)
                    yield _recorded(header.started_at, header.task, asked)
            after = keys[-1]

    def _denied(self, owner: str, since: datetime) -> Iterator[Recorded]:
        entries = [*chain.from_iterable(self._entries(owner, kind, since) for kind in _DENIED)]
        for entry in sorted(entries, key=lambda of: of.at, reverse=True):
            asked, name = entry.details.get("asked"), self._name(owner, entry)
            if asked and name is not None:
                yield _recorded(entry.at, _ref(owner, entry), {**asked, "name": name})

    def _name(self, owner: str, entry: Entry) -> str | None:
        if "slot" in entry.details:
            return self.name_of(owner, entry.subject)
        return str(entry.details["kind"])

    def _entries(self, owner: str, kind: str, since: datetime) -> Sequence[Entry]:
        query = Query(kind=kind, since=since)
        return self.journal.search(owner, query, None, _MOST_DENIED).items

    def _calls(self, owner: str, dispatch: Recorded) -> Iterator[Recorded]:
        # What was approved of a dispatch is its beginning, and none of its calls.
        told = {**dispatch.question.context, "approval": str(Approval.NOT_REQUIRED)}
        ref = TaskRef.of(owner, dispatch.task_id)
        for name in told["tools"]:
            tool = self.tools.find(name)
            if tool is not None:
                yield dispatch._replace(tool=name, question=asking.call(ref, told, tool))


def _recorded(at: datetime, ref: TaskRef, asked: dict[str, Any]) -> Recorded:
    return Recorded(at, ref.id, "", asking.dispatch(ref, asked))


def _ref(owner: str, entry: Entry) -> TaskRef:
    """Return which task an event is about: a slot's is its job's, any other its own."""
    slot = entry.details.get("slot")
    if slot is None:
        return TaskRef.of(owner, entry.subject)
    return TaskRef(partition(owner, entry.subject), slot_key(read_rfc3339(slot)))
