"""Maker: the row of a task that is to exist, whoever wants it: an operator, or another task."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.background.looking import Pace, first_look
from chalicelib.background.payloads import Payloads
from chalicelib.background.shards import shard_of
from chalicelib.background.store import NewTask
from chalicelib.background.task import Membership, TaskRef, lane_of
from chalicelib.clock import Clock
from chalicelib.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a task is to be.

    Attributes:
        last_attempt: the last one that it has, from 0.
        depth: how many tasks it follows.
    """

    kind: str
    payload: Mapping[str, Any]
    priority: int
    last_attempt: int
    not_before: datetime | None = None
    expires_at: datetime | None = None
    depth: int = 0
    membership: Membership | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Maker:
    """Makes rows of tasks that are to be put; their payloads are kept first."""

    payloads: Payloads
    clock: Clock
    pace: Pace
    shards: int

    def make(self, ref: TaskRef, order: Order) -> NewTask:
        """Return the row of a task.

        Raises:
            Invalid: the payload is too large.
            Unavailable: S3 did not answer.
        """
        now = self.clock.now()
        # Operators are refused what this would change; what machines pass on is cleared of it.
        payload = json.dumps(redact(order.payload), ensure_ascii=False)
        kept = self.payloads.keep(ref, payload)
        return NewTask(
            ref=ref,
            kind=order.kind,
            lane=lane_of(order.priority),
            priority=order.priority,
            # Not by partition alone: the queue is one, and its tasks are many.
            shard=shard_of(f"{ref.pk}/{ref.sk}", self.shards),
            last_attempt=order.last_attempt,
            last=ref.sk,
            wake_at=first_look(order.not_before, order.expires_at, now, self.pace),
            not_before=order.not_before,
            expires_at=order.expires_at,
            created_at=now,
            depth=order.depth,
            payload=kept.inline,
            payload_key=kept.key,
            payload_sha256=kept.sha256,
            membership=order.membership,
        )
