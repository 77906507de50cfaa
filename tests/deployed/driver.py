"""Drives a deployed Palyra: its API as an owner sees it, and the rows that stand behind it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from itertools import takewhile
from operator import itemgetter
from typing import Any

import httpx
from boto3.dynamodb.conditions import Key
from ulid import ULID

from infra.local import clients
from tests.deployed.cloud import Cloud, deployed_name, eventually

type Item = dict[str, Any]

SCHEDULED = {
    "version": "0",
    "id": "00000000-0000-0000-0000-000000000000",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {},
}
LEASE_SECONDS = 3.0
TERMINAL = {"succeeded", "failed", "closed"}
RAN = {"succeeded", "failed"}
_ANSWER_SECONDS = 30.0
_PAGE = 200


class Owner:
    """An owner with an API token, and what it may ask for."""

    def __init__(self, cloud: Cloud, token: str) -> None:
        self._cloud = cloud
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        return httpx.get(
            f"{self._cloud.api}{path}",
            headers=self._headers,
            params=query,
            timeout=_ANSWER_SECONDS,
        )

    def post(self, path: str, body: Item) -> httpx.Response:
        return httpx.post(
            f"{self._cloud.api}{path}", headers=self._headers, json=body, timeout=_ANSWER_SECONDS
        )

    def delete(self, path: str) -> httpx.Response:
        return httpx.delete(
            f"{self._cloud.api}{path}", headers=self._headers, timeout=_ANSWER_SECONDS
        )

    def create_job(self, name: str, every: str) -> "Job":
        body = {
            "name": name,
            "schedule": {"every": every},
            "prompt": "Summarize health",
            "tools": ["system.health"],
        }
        answer = self.post("/v1/jobs", body)
        assert answer.status_code == 201, answer.text
        return Job(self, answer.json()["id"])

    def jobs(self) -> list[Item]:
        return list(self._all("/v1/jobs"))

    def run(self, run_id: str) -> Item:
        answer = self.get(f"/v1/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        content: Item = answer.json()
        return content

    def firings(self, job_id: str) -> list[Item]:
        """Return a job's ledger, oldest slot first."""
        return list(self._all(f"/v1/jobs/{job_id}/firings"))[::-1]

    def _all(self, path: str) -> Iterator[Item]:
        query: Item = {"limit": _PAGE}
        while query:
            answer = self.get(path, **query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from page["items"]
            query = {"limit": _PAGE, "cursor": page["next"]} if page["next"] else {}


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as its owner sees it."""

    owner: Owner
    id: str

    def show(self) -> Item:
        answer = self.owner.get(f"/v1/jobs/{self.id}")
        assert answer.status_code == 200, answer.text
        content: Item = answer.json()
        return content

    def firings(self) -> list[Item]:
        return self.owner.firings(self.id)

    def runs(self) -> list[Item]:
        """Return the runs that have ended, oldest slot first."""
        return [self.owner.run(row["run_id"]) for row in self.firings() if row.get("state") in RAN]

    def slots(self) -> Iterator[datetime]:
        """Yield every slot of the job, from its first."""
        shown = self.show()
        interval = timedelta(seconds=int(shown["schedule"]["every"].removesuffix("s")))
        slot = instant(shown["created_at"]).replace(microsecond=0)
        while True:
            slot += interval
            yield slot

    def next_slot(self, *, margin: float = 1.0) -> datetime:
        """Return the first slot that is at least so many seconds away."""
        earliest = datetime.now(UTC) + timedelta(seconds=margin)
        return next(slot for slot in self.slots() if slot >= earliest)

    def run_id(self, slot: datetime) -> str:
        return f"{self.id}-{key(slot)}"


class Rows:
    """What lies in the tables and the queue: strongly consistent reads, and a duplicate."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def work(self, job: Job, slot: datetime) -> Item:
        """Return the row of a slot, or nothing."""
        return self._get("work", f"main#{job.id}", key(slot))

    def task(self, task_id: str, owner: str = "main") -> Item:
        """Return the row of a task that is no slot's, or nothing."""
        return self._get("work", f"{owner}#tasks", task_id)

    def hot(self, job: Job) -> Item:
        return self._get("jobs", f"main#{job.id}", "hot")

    def handed_until(self, job: Job) -> datetime:
        """Return the first slot of a job that was not handed over yet."""
        return datetime.fromtimestamp(int(self.hot(job)["next"]) / 1000, UTC)

    def definition(self, job: Job) -> Item:
        return self._get("jobs", f"main#{job.id}", "def")

    def last_tick(self) -> datetime:
        row = self._get("system", "system#last-run", "cron_tick")
        return datetime.fromtimestamp(int(row["at"]) / 1000, UTC)

    def steps(self, run_id: str) -> list[Item]:
        """Return every step that was put, also one that never counted."""
        items = self._query("runs", Key("pk").eq(f"main#{run_id}") & Key("sk").gt("0#"))
        return [item for item in items if "content" in item]

    def header(self, run_id: str) -> Item:
        return self._get("runs", f"main#{run_id}", "0")

    def runs_of(self, job: Job) -> list[Item]:
        """Return the headers of a job's runs by slot, read from the runs and not the ledger."""
        headers = [row for row in self.scan("runs") if row.get("job_id") == job.id]
        runs = [row | {"id": str(row["pk"]).removeprefix("main#")} for row in headers]
        return sorted(runs, key=itemgetter("id"))

    def events(self, job: Job, kind: str) -> list[Item]:
        """Return the journaled events of a kind about a job, in no order."""
        found = [json.loads(row["content"]) for row in self.scan("journal") if row["kind"] == kind]
        return [event for event in found if event["subject"] == job.id]

    def finished(self, job: Job, slot: datetime) -> list[Item]:
        """Return the details of a slot's terminal events: one, if all is well."""
        details = [event["details"] for event in self.events(job, "run.finished")]
        return [detail for detail in details if detail["run_id"] == job.run_id(slot)]

    def scan(self, table: str) -> list[Item]:
        pages = self._table(table).meta.client.get_paginator("scan")
        asked = pages.paginate(TableName=self._name(table), ConsistentRead=True)
        return [item for page in asked for item in page["Items"]]

    def put(self, table: str, item: Item) -> None:
        self._table(table).put_item(Item=item)

    def remove(self, table: str, item: Item) -> None:
        self._table(table).delete_item(Key={name: item[name] for name in ("pk", "sk")})

    def deliver_again(self, job: Job, slot: datetime, *, times: int = 1) -> None:
        """Send the message of a slot again, as it was."""
        for _ in range(times):
            self.send({"pk": f"main#{job.id}", "sk": key(slot), "lane": "normal"})

    def send(self, row: Item) -> None:
        """Send the message of a row of the work table to its lane."""
        body = json.dumps({"pk": row["pk"], "sk": row["sk"]})
        self._sqs.send_message(QueueUrl=self._queue(row["lane"]), MessageBody=body)

    def purge(self) -> None:
        """Drop every message of the normal lane, also those that are being worked on."""
        self._sqs.purge_queue(QueueUrl=self._queue("normal"))

    def undelivered(self) -> int:
        """Return how many messages of the normal lane are waiting, or being worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        queue = self._queue("normal")
        asked = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(asked["Attributes"][name]) for name in names)

    @cached_property
    def _sqs(self) -> Any:
        return self._cloud.client("sqs")

    def _queue(self, lane: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=f"palyra-local-{lane}")["QueueUrl"])

    @cached_property
    def _dynamodb(self) -> Any:
        return clients.resource("dynamodb", self._cloud.endpoint)

    def _get(self, table: str, pk: str, sk: str) -> Item:
        found = self._table(table).get_item(Key={"pk": pk, "sk": sk}, ConsistentRead=True)
        item: Item = found.get("Item", {})
        return item

    def _query(self, table: str, condition: Any) -> list[Item]:
        found = self._table(table).query(KeyConditionExpression=condition, ConsistentRead=True)
        items: list[Item] = found["Items"]
        return items

    def _table(self, name: str) -> Any:
        return self._dynamodb.Table(self._name(name))

    @staticmethod
    def _name(table: str) -> str:
        return f"palyra-local-{table}"


@cache
def main(cloud: Cloud) -> Owner:
    """Return the owner whose token the cloud was started with."""
    return Owner(cloud, cloud.token)


@cache
def rows(cloud: Cloud) -> Rows:
    """Return the rows of a cloud."""
    return Rows(cloud)


@cache
def minutely(cloud: Cloud) -> Job:
    """Return the one job that fires every minute: made early, for it takes two to be looked at."""
    return main(cloud).create_job("every minute", "60s")


def left_behind(cloud: Cloud, *, every: timedelta, first: datetime) -> Job:
    """Make a job none of whose slots was handed over, as after a creation that was cut short."""
    model, store = minutely(cloud), rows(cloud)
    anchor = first.replace(microsecond=0) - every
    copy = Job(model.owner, str(ULID()))
    own = {"pk": f"main#{copy.id}"}
    schedule = f"every/1 {every.seconds}s from {int(anchor.timestamp())}"
    born = int(anchor.timestamp()) * 1000
    due = {"next": born + every.seconds * 1000, "since": born, "schedule": schedule}
    store.put("jobs", store.definition(model) | own | {"created_at": born, "listed_at": copy.id})
    store.put("jobs", store.hot(model) | own | due)
    return copy


def invoke_at_once(cloud: Cloud, function: str, times: int) -> list[Item]:
    """Invoke a scheduled function several times at the same moment."""
    client, together = cloud.client("lambda"), threading.Barrier(times)

    def invoke(_number: int) -> Item:
        together.wait(_ANSWER_SECONDS)
        answer = client.invoke(
            FunctionName=deployed_name(function), Payload=json.dumps(SCHEDULED).encode()
        )
        returned: Item = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, returned
        return returned

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(invoke, range(times)))


def key(slot: datetime) -> str:
    """Return a slot as the sort key of its row."""
    return f"{int(slot.timestamp()):012}"


def instant(text: str) -> datetime:
    """Return the instant of an RFC 3339 text."""
    return datetime.fromisoformat(text)


def logged(cloud: Cloud, function: str) -> list[Item]:
    """Return the log lines of a function, by its name in app.py, oldest first."""
    group = f"/aws/lambda/{deployed_name(function)}"
    pages = cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def ended(cloud: Cloud, job: Job, slot: datetime, *, seconds: float = 30.0) -> Item:
    """Wait until a slot has come to its end; return its row."""
    now = datetime.now(UTC)
    due = max((slot - now).total_seconds(), 0)
    eventually(
        lambda: rows(cloud).work(job, slot).get("state") in TERMINAL,
        seconds=due + seconds,
        why=lambda: str(rows(cloud).work(job, slot)),
    )
    return rows(cloud).work(job, slot)


def concluded(cloud: Cloud, job: Job, slot: datetime) -> Item:
    """Wait until a slot's run has its end as well, which is its last write; return its row."""
    row = ended(cloud, job, slot)
    run_id = job.run_id(slot)
    eventually(lambda: "state" in rows(cloud).header(run_id), seconds=15)
    return row


def assert_one_effect(cloud: Cloud, job: Job, slot: datetime) -> None:
    """One run that ended well, of three steps in one chain, anchored by one terminal event."""
    run = job.owner.run(job.run_id(slot))
    row = rows(cloud).work(job, slot)
    (event,) = rows(cloud).finished(job, slot)
    assert (row["state"], row["outcome"]) == ("succeeded", "fired")
    assert (run["state"], instant(run["slot"])) == ("succeeded", slot)
    assert [step["seq"] for step in run["steps"]] == [1, 2, 3]
    assert event["head"] == run["steps"][-1]["link"]
    assert (event["state"], event["steps"]) == ("succeeded", 3)
    assert rows(cloud).hot(job).get("active") != key(slot)


def assert_ledger_is_whole(cloud: Cloud, job: Job, until: datetime | None = None) -> None:
    """Every slot so far has one outcome, every fired one has one run, and every run one end."""
    now = until or datetime.now(UTC)
    eventually(lambda: not _open(job, now), seconds=90, pause=1, why=lambda: str(_open(job, now)))
    ledger = [row for row in job.firings() if instant(row["slot"]) <= now]
    starts = [instant(row["slot"]) for row in ledger]
    fired = [row["run_id"] for row in ledger if row["outcome"] == "fired"]
    runs = [run for run in rows(cloud).runs_of(job) if run["id"] <= job.run_id(now)]
    ends = Counter(event["details"]["run_id"] for event in rows(cloud).events(job, "run.finished"))

    assert starts == sorted(set(starts))
    assert [slot for slot in _until(now, job.slots()) if not _covers(ledger, slot)] == []
    # A header that nobody ended is all that is left of what a kill of the emulator took back.
    begun = [run["id"] for run in runs if "state" in run or run["id"] in fired]
    assert begun == fired, set(begun).symmetric_difference(fired)
    assert [run for run in runs if "state" in run and ends[run["id"]] != 1] == []
    assert [run for run in runs if ends[run["id"]] > 1] == []


def sweep_until_settled(cloud: Cloud, job: Job, until: datetime) -> None:
    """Sweep, as often as a lease is long, until no slot up to an instant is open."""

    def settled() -> bool:
        if not _open(job, until):
            return True
        cloud.invoke("sweep", SCHEDULED)
        return False

    # A message that was on its way when all was killed is sent again after one minute, then two.
    eventually(settled, seconds=200, pause=LEASE_SECONDS, why=lambda: str(_open(job, until)))


def _until(end: datetime, slots: Iterator[datetime]) -> Iterator[datetime]:
    return takewhile(lambda slot: slot <= end, slots)


def _open(job: Job, until: datetime) -> list[Item]:
    """Return the ledger rows of slots up to an instant that have not come to their end."""
    passed = [row for row in job.firings() if instant(row["slot"]) <= until]
    return [row for row in passed if row["outcome"] == "handed" or row.get("state") == "running"]


def _covers(ledger: Sequence[Item], slot: datetime) -> bool:
    """Return whether a slot has a row of its own, or lies in that of a range."""
    ranges = [(instant(row["slot"]), instant(row.get("last") or row["slot"])) for row in ledger]
    return any(first <= slot <= last for first, last in ranges)
