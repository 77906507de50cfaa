"""The rooms as one container makes them, on a simulated AWS that counts what calls cost."""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

# Read by modules at import, so before any of them.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PALYRA_STAGE": "local",
}

from chalicelib.background.shards import shard_of
from chalicelib.functions.wiring import api, journal_tasks, seals, sweeping, sweeps, ticks, workers
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.event import STREAMS, Event, stream_of
from chalicelib.scheduler.job import Job
from chalicelib.scheduler.service import Draft
from chalicelib.schedules import normalize_schedule
from chalicelib.settings import Settings, resource
from chalicelib.tables import owned
from tests.simulation import seam
from tests.simulation.dynamo import SimDynamo
from tests.simulation.services import KmsClient, S3Client, SimQueues, SqsClient, StsClient
from tests.simulation.units import Units
from tests.support import stack

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_A_LOT = timedelta(minutes=5)
_JOBS = resource("jobs")


@dataclass(eq=False)
class Cloud:
    """An AWS in memory, with a clock that is moved by hand."""

    instant: datetime = NOON
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dynamo = SimDynamo(stack.tables(), clock=self.now)
        self.queues = SimQueues(self.now)

    def now(self) -> datetime:
        return self.instant

    def make(self, operation: str, arguments: Mapping[str, Any], do: Callable[[], Any]) -> Any:
        del operation, arguments
        return do()

    def random_bytes(self, number: int) -> bytes:
        return random.Random(self.dynamo.units.calls.total()).randbytes(number)

    def client(self, service: str) -> Any:
        made: dict[str, Any] = {
            "sqs": SqsClient,
            "s3": S3Client,
            "sts": StsClient,
            "kms": KmsClient,
        }
        return made[service](self)


class Rooms:
    """The use cases of one container, with the settings that everybody gets."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        of = Container(settings=Settings(), clock=cloud, random_bytes=random.Random(0).randbytes)
        self.settings = of.settings
        self.tick, self.sweep = ticks.tick(of), sweeping.sweep(of)
        self.worker = workers.worker(of, "normal")
        self.jobs, self.tasks = api.jobs(of), api.tasks(of)
        self.journal, self.search = sweeps.journal(of), api.journal_search(of)
        self.sealer, self.verify = seals.sealer(of), journal_tasks.verify(of)

    def begin_streams(self, owner: str = "main") -> None:
        """Append an event to each of an owner's streams: the first one costs more."""
        for number in range(STREAMS):
            subjects = (f"subject-{n}" for n in count())
            subject = next(each for each in subjects if stream_of(each) == number)
            self.append(f"first-{number}", subject, owner)

    def append(self, name: str, subject: str, owner: str = "main") -> None:
        """Append an event as machines write them."""
        event = Event(
            id=name,
            owner=owner,
            kind="bench.happened",
            actor="system:bench",
            subject=subject,
            at=self.cloud.now(),
            details={"name": name},
        )
        self.journal.append(event)

    @contextmanager
    def counted(self) -> Iterator[Units]:
        """Count what the calls cost that are made meanwhile."""
        units = self.cloud.dynamo.units = Units()
        yield units
        self.cloud.dynamo.units = Units()

    def at(self, minutes: float) -> datetime:
        """Move the clock to so many minutes after noon."""
        self.cloud.instant = NOON + timedelta(minutes=minutes)
        return self.cloud.instant

    def job(self, when: str | Mapping[str, object], owner: str = "main") -> Job:
        """Make a job of an interval, or of another schedule."""
        spec = {"every": when} if isinstance(when, str) else when
        schedule = normalize_schedule(spec, now=self.cloud.now())
        draft = Draft(
            name="health", schedule=schedule, prompt="How is it?", tools=["system.health"]
        )
        return self.jobs.create(owner, "token:bench", draft).job

    def many_jobs(self, number: int) -> None:
        """Make one job whose slots are far away, and copies of its rows up to so many jobs.

        Each copy is due some seconds after the one before, in the shard of its own key.
        """
        made, tables = owned("main", self.job("1d").id), self.cloud.dynamo.tables
        hot, definition = (dict(tables[_JOBS].rows()[made, sk].item) for sk in ("hot", "def"))
        for copy in range(1, number):
            name = f"{copy:026}"
            pk = owned("main", name)
            due = {
                "next": {"N": str(int(hot["next"]["N"]) + copy * 1_000)},
                "due_shard": {"S": str(shard_of(pk, self.settings.shards))},
            }
            self._put(hot | {"pk": {"S": pk}} | due)
            self._put(definition | {"pk": {"S": pk}, "listed_at": {"S": name}})

    def _put(self, item: Mapping[str, Any]) -> None:
        self.cloud.dynamo.call("PutItem", {"TableName": _JOBS, "Item": item})

    def swept(self) -> dict[str, int]:
        """Let the sweep run."""
        return self.sweep.run(self.cloud.now() + _A_LOT)

    def size(self, table: str, pk: str, sk: str) -> int:
        """Return the bytes of an item."""
        row = self.cloud.dynamo.tables[resource(table)].get((pk, sk))
        if row is None:
            raise LookupError(f"{table} has no {pk} / {sk}")
        return int(row.size)


@contextmanager
def rooms() -> Iterator[Rooms]:
    """Make rooms on an AWS of their own."""
    cloud = Cloud()
    with seam.install(cloud.dynamo.call, cloud.client):
        yield Rooms(cloud)
