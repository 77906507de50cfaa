"""`python -m tests.deployed.appending OWNER NUMBER`: append events, and say how long each took.

It runs as a process of its own, in the environment of the functions, since names of tables and the
endpoint are read once. Each stream has a thread of its own with a store of its own, as a stream has
the containers that happen to write to it. With a third argument, `fast`, rows are made as the store
makes them but written 25 at a time: that is how a journal becomes large before anybody loses
patience.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count, islice
from statistics import quantiles
from typing import NamedTuple

from chalicelib.clock import to_ms
from chalicelib.journal.chain import link
from chalicelib.journal.event import STREAMS, Event, stream_of
from chalicelib.journal.store import JournalRow, JournalStore
from infra.local.clients import CREDENTIALS
from infra.local.environment import REGION
from infra.local.place import CHECKOUT, STAGE
from tests.deployed.cloud import Cloud

KINDS = ("job.created", "job.paused", "job.resumed", "task.finished", "task.cancelled")
ACTORS = ("token:laptop", "token:phone", "system:daemon")
_SUBJECTS = 50


class Appended(NamedTuple):
    """How long appends took.

    Attributes:
        seconds: all of them, with a thread for each stream.
        p50: of one, in milliseconds; nothing where they were written fast.
        p95: likewise.
    """

    number: int
    seconds: float
    p50: float
    p95: float


def append(cloud: Cloud, owner: str, number: int, *how: str) -> Appended:
    """Append so many events to an owner's journal, as functions do."""
    environment = os.environ | {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "PALYRA_STAGE": STAGE,
        **{name.upper(): value for name, value in CREDENTIALS.items()},
    }
    command = [sys.executable, "-m", "tests.deployed.appending", owner, str(number), *how]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Appended(**json.loads(done.stdout))


def _main(owner: str, number: int, *, is_fast: bool) -> Appended:
    parts = [number // STREAMS + (each < number % STREAMS) for each in range(STREAMS)]
    begun = time.monotonic()
    with ThreadPoolExecutor(STREAMS) as pool:
        fill = _write_fast if is_fast else _append
        took = list(pool.map(fill, [owner] * STREAMS, range(STREAMS), parts))
    seconds = round(time.monotonic() - begun, 1)
    every = sorted(1000 * each for part in took for each in part)
    shares = quantiles(every or [0, 0], n=20)
    return Appended(number, seconds, round(shares[9], 1), round(shares[18], 1))


def _append(owner: str, stream: int, number: int) -> list[float]:
    store, took = JournalStore(), []
    for event in _events(owner, stream, number):
        begun = time.monotonic()
        store.append(event)
        took.append(time.monotonic() - begun)
    return took


def _write_fast(owner: str, stream: int, number: int) -> list[float]:
    """Append the first event, which enters the register, and write rows behind it."""
    store, events = JournalStore(), _events(owner, stream, number)
    for event in islice(events, 1):
        store.append(event)
    with JournalRow.batch_write() as batch:
        head = store.head(f"{owner}#audit#{stream}")
        for event in events:
            row = JournalRow(
                event.stream,
                head.seq + 1,
                event_id=event.id,
                kind=event.kind,
                at=to_ms(event.at),
                content=event.content(),
                previous=head.link,
            )
            row.link = link(row.pk, str(row.sk), row.previous, row.content)
            batch.save(row)
            head = head._replace(seq=int(row.sk), link=row.link)
    return []


def _events(owner: str, stream: int, number: int) -> Iterator[Event]:
    names = (f"subject-{each}" for each in count())
    subjects = list(islice((name for name in names if stream_of(name) == stream), _SUBJECTS))
    for each in range(number):
        subject, now = subjects[each % _SUBJECTS], datetime.now(UTC)
        yield Event(
            id=f"{subject}/{time.time_ns()}",
            owner=owner,
            kind=KINDS[each % len(KINDS)],
            actor=ACTORS[each % len(ACTORS)],
            subject=subject,
            at=now.replace(microsecond=now.microsecond // 1000 * 1000),
            details={"name": f"job {each}", "from": "enabled", "reason": "not needed at night"},
        )


if __name__ == "__main__":
    done = _main(sys.argv[1], int(sys.argv[2]), is_fast="fast" in sys.argv[3:])
    sys.stdout.write(json.dumps(done._asdict()))
