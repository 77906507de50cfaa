"""How long a tick takes with many jobs due at once, beside a bare PynamoDB loop on the same calls.

Both run on AWS that answers at once, so what is compared is the code alone: a call over a network
takes so much longer that the two would hardly differ. They take turns on the same rows, and medians
of processor time count. The tick logs as it does on Lambda; the loop does not. It leaves the same
rows and messages, by as many calls, or the figure would mean nothing.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.background.gate.store import GateRow
from chalicelib.background.rows import WorkRow
from chalicelib.background.task import Lane, Outcome, State
from chalicelib.clock import to_ms
from chalicelib.scheduler.job import KIND
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.store import TickRow
from chalicelib.settings import resource
from chalicelib.tables import owned
from tests.bench import answered
from tests.bench.figure import Figure
from tests.bench.simulated import NOON, Rooms, rooms

JOBS, GOAL = 1_000, 1.5
_QUICK_ROUNDS, _ROUNDS = 3, 5
_INTERVAL, _HORIZON = timedelta(minutes=5), timedelta(minutes=2)
_LEASE = timedelta(seconds=60)
# Every other job has a calendar, in a zone whose clocks change.
_SCHEDULES: tuple[Mapping[str, object], ...] = (
    {"cron": "*/5 * * * *", "timezone": "Europe/Prague"},
    {"every": "5m"},
)


class Left(NamedTuple):
    """What a round left behind: rows by table, messages in order, and calls by kind."""

    rows: Mapping[str, Any]
    messages: list[str]
    calls: Mapping[str, int]


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the tick's time over the bare loop's."""
    with rooms() as made:
        for number in range(JOBS):
            made.job(_SCHEDULES[number % len(_SCHEDULES)])
        made.at(3)
        with answered.clients(made.cloud), _logging_as_on_lambda():
            ours, theirs = _rounds(made, _QUICK_ROUNDS if quick else _ROUNDS)
    yield Figure(
        name="dispatch.same_minute",
        value=round(median(ours) / median(theirs), 3),
        unit="time over that of a bare PynamoDB loop on the same calls",
        goal=GOAL,
        details={
            "jobs": JOBS,
            "shards": made.settings.shards,
            "ms": round(median(ours) * 1e3),
            "bare_ms": round(median(theirs) * 1e3),
        },
    )


def _rounds(made: Rooms, number: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each round of the tick, and of the bare loop."""
    before = made.cloud.dynamo.snapshot()
    _require_same(*(_left(made, before, act) for act in (_tick, _bare_loop)))
    pairs = [
        (_seconds(made, before, _tick), _seconds(made, before, _bare_loop)) for _ in range(number)
    ]
    return [ours for ours, _ in pairs], [theirs for _, theirs in pairs]


def _tick(made: Rooms) -> None:
    made.tick.own_last = None
    counts = made.tick.run()
    if counts["handed"] != JOBS:
        raise RuntimeError(f"the tick was to hand {JOBS} slots over: {counts}")


def _bare_loop(made: Rooms) -> None:
    """Do with PynamoDB and a client of SQS alone what a tick does, deciding nothing."""
    now, sqs = made.cloud.now(), aws.client("sqs")
    urls = {str(lane): sqs.get_queue_url(QueueName=resource(lane))["QueueUrl"] for lane in Lane}
    _found(GateRow, owned("system", "gate"), "gate")
    for shard in range(made.settings.shards):
        for job in HotRow.due.query(str(shard), HotRow.next <= to_ms(now + _HORIZON)):
            ms = job.next
            key = f"{ms // 1_000:012}"
            WorkRow(
                job.pk,
                key,
                kind=KIND,
                state=State.QUEUED,
                outcome=Outcome.HANDED,
                lane=job.lane,
                open_lane=f"{job.lane}#{shard}",
                shard=shard,
                last_attempt=job.max_attempts - 1,
                ver=job.ver,
                wake_at=ms + to_ms(NOON + _LEASE) - to_ms(NOON),
                created_at=to_ms(now),
            ).save(WorkRow.pk.does_not_exist())
            HotRow(job.pk, job.sk).update(
                [HotRow.next.set(ms + _INTERVAL // timedelta(milliseconds=1))],
                (HotRow.next == ms) & (HotRow.ver == job.ver),
            )
            sqs.send_message(
                QueueUrl=urls[job.lane],
                MessageBody=json.dumps({"pk": job.pk, "sk": key}),
                DelaySeconds=(ms - to_ms(now)) // 1_000,
            )
    row = TickRow(owned("system", "last-run"), "cron_tick")
    _found(TickRow, row.pk, row.sk)
    newer = TickRow.pk.does_not_exist() | (TickRow.at < to_ms(now))
    row.update([TickRow.at.set(to_ms(now))], newer)


def _found(model: type[Any], pk: str, sk: str) -> Any:
    try:
        return model.get(pk, sk, consistent_read=True)
    except model.DoesNotExist:
        return None


def _seconds(made: Rooms, before: Any, act: Callable[[Rooms], None]) -> float:
    _restore(made, before)
    began = process_time()
    act(made)
    return process_time() - began


def _left(made: Rooms, before: Any, act: Callable[[Rooms], None]) -> Left:
    _restore(made, before)
    with made.counted() as units:
        act(made)
    tables = made.cloud.dynamo.tables.items()
    rows = {name: {key: _shown(row) for key, row in each.rows().items()} for name, each in tables}
    messages = [f"{each.lane} {each.body} {each.visible_at}" for each in made.cloud.queues.messages]
    return Left(rows, messages, units.calls)


def _shown(row: Any) -> Mapping[str, Any]:
    """Return a row without what a tick tells of itself in its own: a bare loop counts nothing."""
    return {name: value for name, value in row.item.items() if name != "counts"}


def _restore(made: Rooms, before: Any) -> None:
    made.cloud.dynamo.restore(before)
    made.cloud.queues.messages.clear()


def _require_same(ours: Left, theirs: Left) -> None:
    different = [name for name in Left._fields if getattr(ours, name) != getattr(theirs, name)]
    if different:
        raise RuntimeError(f"the bare loop is no measure: it left other {', '.join(different)}")


@contextmanager
def _logging_as_on_lambda() -> Iterator[None]:
    """Let each line be formatted and redacted, and thrown away."""
    logger = logging.getLogger("palyra")
    before = logger.level
    (handler,) = (each for each in logger.handlers if isinstance(each, logging.StreamHandler))
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        stream = handler.setStream(nowhere)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            handler.setStream(stream)
            logger.setLevel(before)
