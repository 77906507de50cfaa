"""What tests of incidents do to a moved cloud, and what they ask it for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import httpx

from chalicelib.clock import rfc3339, to_ms
from chalicelib.incidents.kind import IncidentKind, Risk
from tests.deployed.cloud import deployed_name, eventually
from tests.deployed.driver import Item, Job, Owner, main, rows
from tests.deployed.moving import MINUTE, MovedCloud

WITHIN = 2 * MINUTE
_SECONDS = 30.0
_PROMPT = "background_prompt"
_WEEK = 604_800


@dataclass(frozen=True)
class Fault:
    """A fault that was provoked.

    Attributes:
        about: the subject of its incident, or what else its key ends with.
        visible: when its cause could be seen first.
        owner: whose incident it is to be.
    """

    about: str
    visible: datetime
    owner: str = "main"


@dataclass(eq=False)
class Clinic:
    """A moved cloud in which faults are provoked, and watched to their end."""

    cloud: MovedCloud

    @property
    def main(self) -> Owner:
        return main(self.cloud)

    def owner(self, name: str) -> Owner:
        return Owner(self.cloud, self.cloud.token_of(name))

    def now(self) -> datetime:
        return self.cloud.now()

    def pass_by(self, span: timedelta) -> datetime:
        """Let time pass in which nothing runs; return the instant after it."""
        return self.cloud.move_to(self.now() + span)

    # Incidents.

    def incident(self, kind: IncidentKind, fault: Fault) -> Item:
        """Return the record of a fault's incident as it is stored, or nothing."""
        found = (row for row in self._incidents() if row["kind"] == kind.name)
        return next((row for row in found if _is_of(row, fault)), {})

    def attempts(self, incident: Item) -> list[Item]:
        """Return what was done about an incident since it was opened, or left undone."""
        own = (row for row in rows(self.cloud).scan("incidents") if row["pk"] == incident["pk"])
        told = (row for row in own if row["sk"].startswith("a#"))
        return [row for row in told if row["at"] >= incident["opened_at"]]

    def active(self, *owners: str) -> list[Item]:
        """Return the incidents of some owners that are not resolved."""
        mine = (row for row in self._incidents() if row["pk"].partition("#")[0] in owners)
        return [row for row in mine if self._is_open(row)]

    def raised(self, kind: IncidentKind, fault: Fault) -> Item:
        """Sweep once a minute until an incident is open, two minutes at most; return it."""
        latest = fault.visible + WITHIN
        while not self._is_open(self.incident(kind, fault)):
            assert self.now() <= latest, f"{kind.name} was not raised: {self._incidents()}"
            self.cloud.sweep()
            if not self._is_open(self.incident(kind, fault)):
                self.pass_by(MINUTE)
        incident = self.incident(kind, fault)
        assert int(incident["opened_at"]) <= to_ms(latest)
        return incident

    def resolved(self, kind: IncidentKind, fault: Fault) -> Item:
        """Sweep once a minute until an incident is resolved, two minutes at most; return it."""
        for _ in range(3):
            if self.incident(kind, fault)["state"] == "resolved":
                return self.incident(kind, fault)
            self.cloud.sweep()
            self.pass_by(MINUTE)
        raise AssertionError(self.incident(kind, fault))

    def remedied(self, incident: Item) -> Item:
        """Let an admin run the remedy that is planned; return the attempt."""
        path = f"/v1/incidents/{_id(incident)}"
        planned = self.main.get(f"{path}/remediation")
        assert planned.status_code == 200, planned.text
        answer = self._post(f"{path}/remediate", {"If-Match": planned.headers["ETag"]})
        assert answer.status_code == 200, answer.text
        attempt: Item = answer.json()["attempt"]
        return attempt

    def resolve(self, incident: Item) -> None:
        """Say as an operator that a fault is gone."""
        said = {"reason": "it was provoked by a test"}
        answer = self.main.post(f"/v1/incidents/{_id(incident)}/resolve", said)
        assert answer.status_code == 200, answer.text

    # Work.

    def task(self, owner: Owner | None = None, **more: Any) -> Item:
        """Ask for a prompt, and return the task."""
        body = {"kind": _PROMPT, "payload": {"prompt": "How is it?"}} | more
        answer = (owner or self.main).post("/v1/tasks", body)
        assert answer.status_code == 201, answer.text
        found: Item = answer.json()
        return found

    def later(self, span: timedelta, **more: Any) -> Item:
        """Ask for a prompt that is due after a while."""
        return self.task(not_before=rfc3339(self.now() + span), **more)

    def row(self, task: Item) -> Item:
        return rows(self.cloud).task(task["id"])

    def cancel(self, task: Item) -> None:
        answer = self.main.post(f"/v1/tasks/{task['id']}/cancel", {})
        assert answer.is_success, answer.text

    def edit(self, table: str, row: Item, **changed: Any) -> None:
        """Change a row as no version of Palyra does."""
        rows(self.cloud).put(table, row | changed)

    @contextmanager
    def healing(self, mode: str) -> Iterator[None]:
        """Let sweeps heal in a mode that somebody has chosen, for a while."""
        client, name = self.cloud.client("lambda"), deployed_name("sweep")
        was = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        chosen = was | {"PALYRA_HEALING_MODE": mode}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": chosen})
        try:
            yield
        finally:
            client.update_function_configuration(FunctionName=name, Environment={"Variables": was})

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """Let there be no such table for a while; it has no index, and comes back as it was."""
        client, name, kept = self._tables, f"palyra-local-{table}", rows(self.cloud).scan(table)
        was = client.describe_table(TableName=name)["Table"]
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)
        try:
            yield
        finally:
            client.create_table(
                TableName=name,
                KeySchema=was["KeySchema"],
                AttributeDefinitions=was["AttributeDefinitions"],
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
            )
            client.get_waiter("table_exists").wait(TableName=name)
            for row in kept:
                rows(self.cloud).put(table, row)

    def overdue_job(self, late: timedelta, **changed: Any) -> Job:
        """Make a job one of whose slots was never handed over, its hot row changed besides."""
        job = self.cloud.job({"every": "1d"})
        slot = (self.now() - late).replace(microsecond=0)
        since = slot - timedelta(days=1)
        hot = {
            "next": to_ms(slot),
            "since": to_ms(since),
            "schedule": f"every/1 86400s from {int(since.timestamp())}",
        }
        self.edit("jobs", rows(self.cloud).hot(job), **(hot | changed))
        return job

    def wait_for_state(self, state: str, task: Item) -> None:
        eventually(
            lambda: self.row(task)["state"] == state,
            seconds=_SECONDS,
            pause=0.1,
            why=lambda: str(self.row(task)),
        )

    def wait_for(self, kind: IncidentKind, fault: Fault) -> Fault:
        """Wait for an incident that a function raises by itself, without a sweep."""
        eventually(
            lambda: self._is_open(self.incident(kind, fault)),
            seconds=_SECONDS,
            pause=0.2,
            why=lambda: str(self._incidents()),
        )
        return fault

    def beat(self, worker: str) -> None:
        """Let a channel worker give a sign of life, as its room will."""
        row: Item = {"pk": "main#channel_worker", "sk": worker, "stale_shard": "0", "token": 1}
        row |= {"updated_at": to_ms(self.now()), "summary": "it listens"}
        rows(self.cloud).put("heartbeats", row | {"ttl": int(self.now().timestamp()) + _WEEK})

    # Messages.

    def send(self, queue: str, body: str, times: int = 1) -> None:
        for _ in range(times):
            self._sqs.send_message(QueueUrl=self._url(queue), MessageBody=body)

    def pointer(self, task: Item) -> str:
        """Return the message of a task."""
        return json.dumps({"pk": "main#tasks", "sk": task["id"]})

    def lose(self, queue: str) -> None:
        """Let the messages of a queue be lost."""
        self._sqs.purge_queue(QueueUrl=self._url(queue))

    def let_workers(self, lane: str, *, work: bool) -> None:
        """Let the workers of a lane take messages, or take none."""
        client = self.cloud.client("lambda")
        name = deployed_name(f"worker_{lane}")
        (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=work)

    def fail(self, function: str) -> None:
        """Invoke a function with what nothing ever sends it."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=deployed_name(function), Payload=b"{}"
        )
        assert "FunctionError" in answer

    # How.

    @cached_property
    def _sqs(self) -> Any:
        return self.cloud.client("sqs")

    @cached_property
    def _tables(self) -> Any:
        return self.cloud.client("dynamodb")

    def _url(self, queue: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=f"palyra-local-{queue}")["QueueUrl"])

    def _incidents(self) -> list[Item]:
        return [row for row in rows(self.cloud).scan("incidents") if row["sk"] == "0"]

    def _post(self, path: str, headers: Item) -> httpx.Response:
        authorized = {"Authorization": f"Bearer {self.cloud.token}"} | headers
        return httpx.post(f"{self.cloud.api}{path}", headers=authorized, json={}, timeout=_SECONDS)

    @staticmethod
    def _is_open(incident: Item) -> bool:
        return incident.get("state") in {"open", "remediating"}


def expected_attempts(kind: IncidentKind) -> list[str]:
    """Return what healing leaves of its own at an incident, where no mode was chosen."""
    if not kind.remediation.may_run_alone:
        return []
    return ["succeeded" if kind.remediation.risk_level is Risk.LOW else "skipped"]


def _is_of(row: Item, fault: Fault) -> bool:
    return bool(row["pk"].startswith(f"{fault.owner}#") and row["dedupe_key"].endswith(fault.about))


def _id(incident: Item) -> str:
    return str(incident["pk"]).partition("#")[2]
