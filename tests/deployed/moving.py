"""A local cloud whose functions' clocks are moved by tests, so that months take seconds.

Nothing runs by itself in it: ticks and sweeps come when a test invokes them. So a slot is due when
a test says so, and what is not due yet never comes between.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx

from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import SCHEDULED, Item, Job, instant, main, rows

_HOOK = Path(__file__).parent / "moved_clock"
_SETTLED_SECONDS = 60.0
_MOST_MINUTES = 15
_BROKEN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
FIVE_MINUTES: Item = {"cron": "*/5 * * * *"}
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class MovedCloud(Cloud):
    """A cloud of its own, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._ahead = folder / "ahead"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process: whatever Python starts there, it has this clock."""
        path = os.pathsep.join(filter(None, (str(_HOOK), os.environ.get("PYTHONPATH"))))
        return super().environment | {"PYTHONPATH": path, "MOVED_CLOCK": str(self._ahead)}

    def start(self) -> None:
        """Start it, and let nothing run on a schedule."""
        super().start()
        events = self.client("events")
        for rule in events.list_rules()["Rules"]:
            events.disable_rule(Name=rule["Name"])

    def move_to(self, moment: datetime) -> datetime:
        """Let it be an instant now, for all functions at once; time goes on from there."""
        written = self._ahead.with_suffix(".new")
        written.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        written.replace(self._ahead)
        return moment

    def now(self) -> datetime:
        """Return what time it is for its functions."""
        ahead = float(self._ahead.read_text()) if self._ahead.exists() else 0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def alone(self) -> Self:
        """Return the cloud without the messages that modules before have left.

        What a worker took before it was killed stays hidden for half an hour, by a clock that has
        been moved since.
        """
        if not self.place.up_file.exists():
            self.start()
        rows(self).purge()
        return self

    def tick(self) -> Item:
        """Let a tick come, and return what it counted."""
        counts: Item = self.invoke("cron_tick", SCHEDULED)
        return counts

    def sweep(self) -> Item:
        """Let a sweep come, and return what it did."""
        done: Item = self.invoke("sweep", SCHEDULED)
        return done

    def job(self, schedule: Item, **more: Any) -> Job:
        """Make a job that asks for the rooms' health."""
        asked = {"name": "moved", "prompt": "How is it?", "tools": ["system.health"]}
        answer = main(self).post("/v1/jobs", asked | {"schedule": schedule} | more)
        assert answer.status_code == 201, answer.text
        return Job(main(self), answer.json()["id"])

    def ask_to_change(self, job: Job, terms: Item) -> httpx.Response:
        """Ask for another schedule, name or term of a job, and return the answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        path = f"{self.api}/v1/jobs/{job.id}"
        return httpx.patch(path, headers=headers, json=terms, timeout=30)

    def delete(self, *jobs: Job) -> None:
        """Let jobs be of the past: none of them is due any more."""

        def is_deleted(job: Job) -> bool:
            with suppress(httpx.TransportError):  # It was too busy: deleting again does no harm.
                return job.owner.delete(f"/v1/jobs/{job.id}").status_code == 200
            return False

        for job in jobs:
            eventually(partial(is_deleted, job), seconds=_SETTLED_SECONDS)

    def settle(self, *jobs: Job) -> None:
        """Wait until every slot of these jobs that is due has come to its end, and its run too.

        A sweep comes first: the messages of slots that were handed over ahead are still delayed,
        by as much time as the clock has been moved over.
        """

        def why() -> str:
            return str([unsettled(self, job) for job in jobs])

        if any(unsettled(self, job) for job in jobs):
            self.sweep()
        eventually(
            lambda: not any(unsettled(self, job) for job in jobs),
            seconds=_SETTLED_SECONDS,
            why=why,
        )

    def go_on(self, *jobs: Job) -> None:
        """Let minutes pass, with a sweep in each, until every slot that was due has ended.

        What makes up for the past waits for what runs, and is asked again after minutes.
        """
        until = self.now()
        for _ in range(_MOST_MINUTES):
            if not any(unsettled(self, job, until) for job in jobs):
                return
            self.sweep()
            eventually(lambda: rows(self).undelivered() == 0, seconds=_SETTLED_SECONDS)
            self.move_to(self.now() + MINUTE)
        raise AssertionError([unsettled(self, job, until) for job in jobs])


def unsettled(cloud: MovedCloud, job: Job, until: datetime | None = None) -> Sequence[Item]:
    """Return the rows of a job's due slots that have no end yet, or whose run has none."""
    until = until or cloud.now()
    due = [row for row in job.firings() if instant(row["slot"]) <= until]
    return [row for row in due if not _is_settled(cloud, row)]


def _is_settled(cloud: MovedCloud, row: Item) -> bool:
    if row["outcome"] != "fired":
        return bool(row["outcome"] != "handed")
    return "state" in rows(cloud).header(row["run_id"])


def broken(cloud: Cloud) -> None:
    """Let a row be among the open ones that nobody can read: looking at the rooms fails."""
    row = {"pk": "main#tasks", "sk": _BROKEN, "open_lane": "normal#0", "wake_at": 1}
    rows(cloud).put("work", row | {"kind": "broken"})


def mended(cloud: Cloud) -> None:
    """Take that row away."""
    key = {"pk": {"S": "main#tasks"}, "sk": {"S": _BROKEN}}
    cloud.client("dynamodb").delete_item(TableName="palyra-local-work", Key=key)


def tried(cloud: MovedCloud, job: Job, slot: datetime, times: int) -> Item:
    """Wait until so many attempts at a slot have failed and it waits for the next; its row."""

    def row() -> Item:
        return rows(cloud).work(job, slot)

    eventually(
        lambda: (row().get("state"), row().get("attempt")) == ("queued", times),
        seconds=_SETTLED_SECONDS,
        why=lambda: str(row()),
    )
    return row()


def every_five_minutes(since: datetime) -> list[datetime]:
    """Return the first slots of `*/5 * * * *` after an instant that is one itself."""
    return [since + 5 * number * MINUTE for number in range(1, 13)]


def ledger(job: Job) -> list[tuple[datetime, str]]:
    """Return the slot and the outcome of each of a job's rows, oldest first."""
    return [(instant(row["slot"]), row["outcome"]) for row in job.firings()]


def fired(job: Job) -> list[datetime]:
    """Return the slots of a job that have fired, oldest first."""
    return [slot for slot, outcome in ledger(job) if outcome == "fired"]
