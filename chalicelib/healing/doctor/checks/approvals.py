"""The check of approvals: what the sweep should have ended, or told."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from chalicelib.approvals.prompt import ApprovalPromptRecord, State
from chalicelib.healing.doctor.check import Look, Step, found
from chalicelib.healing.doctor.rooms import Rooms

WATCH = "approvals.watch"
# The sweep comes every minute: two were missed, and the third is late.
LATE = timedelta(seconds=150)
_SAMPLE = 100


def overdue(rooms: Rooms) -> Look:
    """Look for prompts that nobody looked after."""
    bad = [_told(rooms, record) for record in _late(rooms)]
    steps = [Step(WATCH, "all prompts", "look after every prompt that is due, as the sweep does")]
    return found(bad, "prompts are looked after in time", steps=steps if bad else ())


def _late(rooms: Rooms) -> Iterator[ApprovalPromptRecord]:
    store, before = rooms.approvals.approvals.store, rooms.clock.now() - LATE
    for shard in range(store.shards):
        for owner, approval_id in islice(store.due(shard, before), _SAMPLE):
            record = store.find(owner, approval_id)
            if record is not None:
                yield record


def _told(rooms: Rooms, record: ApprovalPromptRecord) -> str:
    name = record.id if rooms.sees(record.prompt.owner) else "an approval of another owner"
    if record.state is not State.PENDING:
        return f"{name} is {record.state}, and what waits for it was not told"
    if record.is_over(rooms.clock.now()):
        return f"{name} expired {rooms.ago(record.expires_at)} ago, and was not ended"
    return f"{name} waits, and nobody looks whether it is still wanted"
