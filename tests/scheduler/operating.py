"""An operator of one world, for tests: what is done to jobs, in few words."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.scheduler.job import Job, MadeFiring, Seen
from chalicelib.scheduler.service import Change, JobService
from chalicelib.schedules import Schedule, normalize_schedule
from chalicelib.tables import owned
from tests.support.world import World

ACTOR = "token:test"


def request_key(body: str = "a", **fields: str) -> RequestKey:
    """Return a key of a request with such a body."""
    made = {"owner": "main", "actor": ACTOR, "route": "POST /v1/jobs", "key": "k"} | fields
    return RequestKey(**made, body_sha256=body)


@dataclass
class Operator:
    """Somebody with a token of the owner `main`."""

    world: World

    @property
    def jobs(self) -> JobService:
        return self.world.services.jobs

    def schedule(self, **spec: str) -> Schedule:
        return normalize_schedule(spec, now=self.world.clock.now())

    def edit(self, job: Job, expected: int | None = None, **fields: Any) -> Job:
        return self.jobs.edit("main", ACTOR, job.id, Change(**fields), expected)

    def pause(self, job: Job) -> Job:
        return self.jobs.pause("main", ACTOR, job.id)

    def resume(self, job: Job) -> Job:
        return self.jobs.resume("main", ACTOR, job.id)

    def delete(self, job: Job, expected: int | None = None) -> Job:
        return self.jobs.delete("main", ACTOR, job.id, expected)

    def run(self, job: Job, key: RequestKey | None = None) -> MadeFiring:
        return self.jobs.run_now("main", ACTOR, job.id, key)

    def seen(self, job: Job) -> Seen:
        seen = self.jobs.jobs.seen(owned("main", job.id))
        assert seen is not None
        return seen

    def is_due(self, job: Job) -> bool:
        """Return whether ticks see the job."""
        stores = self.jobs.jobs
        until = self.world.clock.now() + timedelta(days=366)
        shards = range(self.world.settings.shards)
        return any(due.pk.endswith(job.id) for shard in shards for due in stores.due(shard, until))

    def work(self, job: Job, minutes: float) -> str:
        """Let a worker take a slot's message at that slot; return the outcome."""
        self.world.at(minutes)
        return self.take(job, minutes)

    def take(self, job: Job, minutes: float) -> str:
        """Let a worker take a slot's message now; return the outcome."""
        ref = self.world.ref(job, minutes)
        self.world.services.handle(ref)
        return str(self.world.task(ref).outcome)
