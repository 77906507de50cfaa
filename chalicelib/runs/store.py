"""RunStore: the header of a run, and its steps."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.background.task import Checkpoint, State, Task, TaskRef
from chalicelib.clock import from_ms, sortable, to_ms
from chalicelib.redaction import redact_text
from chalicelib.runs.step import Step
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, owned, reading

_HEADER = "0"
ERASED = "[erased]"


class RecentIndex(GlobalSecondaryIndex["RunRow"]):
    """Runs by owner, in order of their start."""

    class Meta:
        """The index."""

        index_name = "recent"
        projection = KeysOnlyProjection()

    recent_owner = UnicodeAttribute(hash_key=True)
    recent_at = UnicodeAttribute(range_key=True)


class RunRow(Table):
    """A run's header (sort key 0), or one of its steps (token#seq)."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("runs")

    recent = RecentIndex()

    sk = UnicodeAttribute(range_key=True)
    ttl = WholeNumber()

    recent_owner = UnicodeAttribute(null=True)
    recent_at = UnicodeAttribute(null=True)
    job_id = UnicodeAttribute(null=True)
    task_pk = UnicodeAttribute(null=True)
    task_sk = UnicodeAttribute(null=True)
    prompt = UnicodeAttribute(null=True)
    provider = UnicodeAttribute(null=True)
    policies = UnicodeAttribute(null=True)
    policy_set = UnicodeAttribute(null=True)
    asked = UnicodeAttribute(null=True)
    started_at = WholeNumber(null=True)
    ended_at = WholeNumber(null=True)
    state = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    ended_token = WholeNumber(null=True)
    erased = BooleanAttribute(null=True)
    last_token = WholeNumber(null=True)
    last_seq = WholeNumber(null=True)

    previous = UnicodeAttribute(null=True)
    previous_link = UnicodeAttribute(null=True)
    at = UnicodeAttribute(null=True)
    content = UnicodeAttribute(null=True)
    link = UnicodeAttribute(null=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """What is known of a run besides its steps.

    Attributes:
        policies: ids of the policies that allowed it, joined by commas.
        asked: what they were told of it, as JSON; empty where it was never asked.
        state: the task's terminal state, or None while it is under way.
        ended_token: the task's token at that end; an operator's retry goes beyond it.
        last: the checkpoint at its end.
        is_erased: what was asked and what came of it is gone.
    """

    run_id: str
    task: TaskRef
    prompt: str
    provider: str
    policies: str
    policy_set: str
    started_at: datetime
    ended_at: datetime | None = None
    state: State | None = None
    ended_token: int = 0
    reason: str = ""
    last: Checkpoint | None = None
    is_erased: bool = False
    asked: str = ""


class RecentKey(str):
    """Where a run stands in the index: the instant of its start, and its id."""

    __slots__ = ()

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self.partition("#")[2]


class RunStore:
    """Runs and their steps."""

    def __init__(self, retention: timedelta) -> None:
        """Take how long runs are kept."""
        self._retention = retention

    def open(self, header: RunHeader) -> None:
        """Put a run's header; one that exists is left as it is."""
        owner = header.task.owner
        row = RunRow(
            owned(owner, header.run_id),
            _HEADER,
            recent_owner=owner,
            recent_at=f"{sortable(header.started_at)}#{header.run_id}",
            job_id=header.task.subject,
            task_pk=header.task.pk,
            task_sk=header.task.sk,
            # A job may be older than the refusal of prompts that hold secrets.
            prompt=redact_text(header.prompt),
            provider=header.provider,
            policies=header.policies,
            policy_set=header.policy_set,
            asked=header.asked or None,
            started_at=to_ms(header.started_at),
            ttl=self._expiry(header.started_at),
        )
        self._put_once(row)

    def put_step(self, owner: str, step: Step, now: datetime) -> None:
        """Put a step; it counts when the task's checkpoint points to it."""
        row = RunRow(
            owned(owner, step.run_id),
            step.key,
            previous=step.previous,
            previous_link=step.previous_link,
            at=step.at,
            content=step.content,
            link=step.link,
            ttl=self._expiry(now),
        )
        self._put_once(row)

    def close(self, task: Task) -> None:
        """Write the end into a run's header; it is the last write of a run.

        A run whose attempts all died before they began gets a header now, so that readers find it.
        """
        finished = task.finished_at
        actions = [RunRow.state.set(task.state), RunRow.ended_token.set(task.token)]
        if finished:
            actions.append(RunRow.ended_at.set(to_ms(finished)))
        actions.append(
            RunRow.reason.set(redact_text(task.reason)) if task.reason else RunRow.reason.remove()
        )
        if task.checkpoint:
            actions.append(RunRow.last_token.set(task.checkpoint.token))
            actions.append(RunRow.last_seq.set(task.checkpoint.seq))
        key = owned(task.ref.owner, task.ref.run_id)
        # A worker of an earlier life may come late: the header says what ended last.
        not_newer = RunRow.ended_token.does_not_exist() | (RunRow.ended_token <= task.token)
        condition = RunRow.pk.exists() & not_newer
        try:
            RunRow.change(key, _HEADER, actions, condition)
        except Refused as refused:
            if refused.old is not None:
                return
            self.open(_never_begun(task))
            with suppress(Refused):
                RunRow.change(key, _HEADER, actions, condition)

    def header(self, owner: str, run_id: str) -> RunHeader | None:
        """Return a run's header, or None."""
        row = RunRow.find(owned(owner, run_id), _HEADER)
        return _header(row, run_id) if row else None

    def headers(self, owner: str, run_ids: Iterable[str]) -> dict[str, RunHeader]:
        """Return the headers of these runs that exist, by the run's id."""
        keys = [(owned(owner, run_id), _HEADER) for run_id in dict.fromkeys(run_ids)]
        found = ((row.pk.partition("#")[2], row) for row in RunRow.find_all(keys))
        return {run_id: _header(row, run_id) for run_id, row in found}

    def recent(self, owner: str, after: str | None, limit: int) -> Sequence[RecentKey]:
        """Return an owner's runs, the latest started first, those that come after a key.

        Read from an index: a run that was started a moment ago may be missing.
        """
        before = RunRow.recent_at < after if after else None
        rows = RunRow.recent.query(owner, before, scan_index_forward=False, limit=limit)
        return [RecentKey(row.recent_at) for row in reading(rows)]

    def steps(self, owner: str, run_id: str) -> Sequence[Step]:
        """Return all steps of a run, those that never counted among them."""
        key = owned(owner, run_id)
        rows = RunRow.page(key, RunRow.sk > _HEADER + "#", consistent_read=True)
        return [_step(row, run_id) for row in rows if row.content]

    def erase(self, owner: str, run_id: str) -> int:
        """Take from a run what was asked and what came of it; return how many rows that were.

        When it was, and how it ended, stays. The header comes first: no reader looks for steps
        that are gone.
        """
        key = owned(owner, run_id)
        rows = list(RunRow.page(key, consistent_read=True))
        # Who concludes a run late may write into a header that was erased before.
        headers = [row for row in rows if row.sk == _HEADER and not _is_erased(row)]
        actions = [RunRow.erased.set(True), RunRow.prompt.set(ERASED)]
        gone = (RunRow.asked, RunRow.reason, RunRow.last_token, RunRow.last_seq)
        actions += [attribute.remove() for attribute in gone]
        for row in headers:
            RunRow.change(key, row.sk, actions, RunRow.pk.exists())
        steps = [row for row in rows if row.sk != _HEADER]
        for row in steps:
            RunRow.remove(key, row.sk, RunRow.pk.exists())
        return len(headers) + len(steps)

    def _expiry(self, now: datetime) -> int:
        return int((now + self._retention).timestamp())

    def _put_once(self, row: RunRow) -> None:
        try:
            row.put(RunRow.pk.does_not_exist())
        except Refused:
            return


def _is_erased(header: RunRow) -> bool:
    return bool(header.erased) and header.prompt == ERASED and header.reason is None


def _never_begun(task: Task) -> RunHeader:
    return RunHeader(
        run_id=task.ref.run_id,
        task=task.ref,
        prompt="",
        provider="",
        policies="",
        policy_set="",
        started_at=task.finished_at or task.created_at or task.ref.slot,
    )


def _header(row: RunRow, run_id: str) -> RunHeader:
    last = None
    if row.last_token is not None:
        last = Checkpoint(int(row.last_token), int(row.last_seq))
    return RunHeader(
        run_id=run_id,
        task=TaskRef(row.task_pk, row.task_sk),
        prompt=row.prompt,
        provider=row.provider,
        policies=row.policies,
        policy_set=row.policy_set,
        started_at=from_ms(row.started_at),
        ended_at=from_ms(row.ended_at),
        state=State(row.state) if row.state else None,
        ended_token=int(row.ended_token or 0),
        reason=row.reason or "",
        last=last,
        is_erased=bool(row.erased),
        asked=row.asked or "",
    )


def _step(row: RunRow, run_id: str) -> Step:
    token, _, seq = row.sk.partition("#")
    return Step(
        run_id=run_id,
        checkpoint=Checkpoint(int(token), int(seq)),
        previous=row.previous or "",
        previous_link=row.previous_link,
        at=row.at,
        content=row.content,
    )
