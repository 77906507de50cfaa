"""Each kind of incident, on what is really deployed: provoked, raised in time, and ended.

Every fault is made from outside: rows are edited, workers killed, messages lost, clocks moved. What
sweeps do comes once a minute, as its rule would let it.
"""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.background.task import Lane
from chalicelib.incidents import kinds
from chalicelib.incidents.kind import IncidentKind
from chalicelib.settings import Settings
from tests.deployed import node_stories
from tests.deployed.appending import append
from tests.deployed.clinic import Clinic, Fault, expected_attempts
from tests.deployed.cloud import eventually, kill
from tests.deployed.driver import SCHEDULED, Item, Owner, instant, rows
from tests.deployed.moving import HOUR, MINUTE, SECOND, MovedCloud, broken, mended
from tests.deployed.stories import Stories, Story

BEGAN = datetime(2029, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LATE_AFTER = timedelta(seconds=150)  # A tick, or a sweep.
GRACE = timedelta(seconds=180)  # Of misfires.
LEASE = 3 * SECOND
CHANNEL = "telegram"
TRIES = 8
BROKEN_TASK = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ASKING = """
@id("ask-before-health")
forbid (principal, action == Action::"invoke", resource == Tool::"system.health")
unless { context.approval == "approved" };
"""
PERMITTING = """
@id("everything")
permit (principal, action, resource);
"""

STORIES = Stories()


# Work.


@STORIES.of(kinds.DEAD_WORK)
def a_worker_is_killed(clinic: Clinic) -> Story:
    task = killed_in_mid_run(clinic)
    visible = clinic.now() + LEASE
    clinic.pass_by(LEASE + SECOND)

    yield Fault(task["id"], visible)

    clinic.wait_for_state("succeeded", task)
    assert clinic.row(task)["attempt"] == 1


@STORIES.of(kinds.UNSENT)
def a_message_is_lost(clinic: Clinic) -> Story:
    clinic.let_workers("low", work=False)
    task = clinic.task(priority=-1)
    clinic.lose("low")

    yield Fault(task["id"], clinic.now() + 2 * MINUTE)

    clinic.let_workers("low", work=True)
    clinic.wait_for_state("succeeded", task)


@STORIES.of(kinds.LANE_SLOW)
def a_lane_is_not_worked_on(clinic: Clinic) -> Story:
    clinic.let_workers("low", work=False)
    visible = clinic.now() + 5 * MINUTE
    task = clinic.task(priority=-1)
    clinic.send("low", clinic.pointer(task), times=Lane.LOW.workers + 1)
    while clinic.now() < visible:
        clinic.cloud.sweep()
        clinic.pass_by(MINUTE)

    yield Fault("lane-slow:low", visible, "system")

    clinic.let_workers("low", work=True)
    clinic.wait_for_state("succeeded", task)


@STORIES.of(kinds.UNKNOWN_KIND)
def a_task_is_of_a_kind_that_nobody_knows(clinic: Clinic) -> Story:
    task = clinic.later(10 * MINUTE)
    clinic.edit("work", clinic.row(task), kind="horoscope")
    visible = clinic.pass_by(11 * MINUTE)
    clinic.send("normal", clinic.pointer(task))

    incident = yield clinic.wait_for(kinds.UNKNOWN_KIND, Fault(task["id"], visible))

    assert clinic.remedied(incident)["status"] == "succeeded"
    clinic.cancel(task)


@STORIES.of(kinds.NOT_SWEPT)
def a_row_cannot_be_read(clinic: Clinic) -> Story:
    broken(clinic.cloud)

    incident = yield Fault(BROKEN_TASK, clinic.now())

    assert clinic.remedied(incident)["status"] == "failed"
    mended(clinic.cloud)
    clinic.pass_by(kinds.NOT_SWEPT.quiet)


@STORIES.of(kinds.DEAD_LETTER)
def a_message_came_back_too_often(clinic: Clinic) -> Story:
    task = clinic.later(DAY)
    fault = Fault(task["id"], clinic.now())
    clinic.send("normal-dlq", clinic.pointer(task))

    incident = yield clinic.wait_for(kinds.DEAD_LETTER, fault)

    assert clinic.remedied(incident)["status"] == "succeeded"
    assert clinic.row(task)["state"] == "cancelled"


# The scheduler.


@STORIES.of(kinds.SLOTS_LATE)
def a_job_is_left_behind(clinic: Clinic) -> Story:
    clinic.cloud.tick()
    job = clinic.overdue_job(GRACE + 10 * SECOND)

    yield Fault(job.id, clinic.now() - 10 * SECOND)

    assert [row["outcome"] for row in job.firings()] == ["misfired"]
    clinic.cloud.delete(job)


@STORIES.of(kinds.TICK_LATE)
def no_tick_comes(clinic: Clinic) -> Story:
    clinic.cloud.tick()
    visible = clinic.now() + LATE_AFTER
    clinic.pass_by(LATE_AFTER + SECOND)

    yield Fault("cron_tick", visible, "system")

    clinic.cloud.tick()


@STORIES.of(kinds.JOB_FAILING)
def a_job_fails(clinic: Clinic) -> Story:
    terms = {"max_attempts": 1, "pause_after_failures": 1}
    job = clinic.cloud.job({"every": "5m"}, **terms)
    broken(clinic.cloud)
    clinic.cloud.move_to(next(job.slots()) + SECOND)
    clinic.cloud.tick()
    eventually(lambda: job.show()["state"] == "paused", seconds=30, pause=0.2)
    mended(clinic.cloud)

    incident = yield Fault(job.id, clinic.now())

    assert clinic.remedied(incident)["status"] == "succeeded"
    assert job.show()["state"] == "enabled"
    clinic.cloud.delete(job)


@STORIES.of(kinds.JOB_UNREADABLE)
def a_schedule_is_of_another_version(clinic: Clinic) -> Story:
    job = clinic.overdue_job(SECOND, schedule="every/9 of a kind")
    fault = Fault(job.id, clinic.now())
    clinic.cloud.tick()

    yield fault

    assert job.show()["state"] == "paused"
    clinic.cloud.ask_to_change(job, {"schedule": {"every": "1d"}}).raise_for_status()
    assert clinic.main.post(f"/v1/jobs/{job.id}/resume", {}).status_code == 200
    clinic.resolved(kinds.JOB_UNREADABLE, fault)
    clinic.cloud.delete(job)


@STORIES.of(kinds.JOB_BROKEN)
def the_tick_fails_at_a_job(clinic: Clinic) -> Story:
    job = clinic.overdue_job(SECOND, lane="purple")
    fault = Fault(job.id, clinic.now())
    clinic.cloud.tick()

    yield fault

    clinic.cloud.delete(job)
    clinic.pass_by(kinds.JOB_BROKEN.quiet)


@STORIES.of(kinds.POLICIES_FAIL)
def policies_are_not_what_was_stored(clinic: Clinic) -> Story:
    owner = clinic.owner("governed")
    version = activated(owner, PERMITTING)
    (stored,) = (
        row
        for row in rows(clinic.cloud).scan("policies")
        if row["pk"] == "governed#versions" and int(row["sk"]) == version
    )
    clinic.edit("policies", stored, text=PERMITTING.replace("permit", "forbid"))
    fault = Fault("policy.error", clinic.now(), "governed")
    clinic.pass_by(MINUTE)
    assert owner.get("/v1/jobs").status_code == 403

    yield clinic.wait_for(kinds.POLICIES_FAIL, fault)

    assert owner.post("/v1/policies/rollback", {}).status_code == 200
    assert owner.get("/v1/jobs").status_code == 200


@STORIES.of(kinds.POLICIES_UNREAD)
def policies_cannot_be_read(clinic: Clinic) -> Story:
    owner = clinic.owner("unread")
    assert owner.get("/v1/jobs").status_code == 200
    fault = Fault("policy.unavailable", clinic.pass_by(MINUTE), "unread")
    with clinic.without("policies"):
        assert owner.get("/v1/jobs").status_code == 503

        yield clinic.wait_for(kinds.POLICIES_UNREAD, fault)

    assert owner.get("/v1/jobs").status_code == 200
    clinic.pass_by(kinds.POLICIES_UNREAD.quiet)


# Watch.


@STORIES.of(kinds.STALE_HEARTBEAT)
def a_channel_falls_silent(clinic: Clinic) -> Story:
    clinic.beat(CHANNEL)
    visible = clinic.now() + 10 * MINUTE
    clinic.pass_by(10 * MINUTE + SECOND)

    incident = yield Fault(CHANNEL, visible)

    assert clinic.remedied(incident)["status"] == "succeeded"


@STORIES.of(kinds.SWEEP_LATE)
def no_sweep_comes(clinic: Clinic) -> Story:
    clinic.cloud.sweep()
    visible = clinic.now() + LATE_AFTER
    clinic.pass_by(LATE_AFTER + SECOND)

    yield Fault("sweep", visible, "system")

    until = clinic.now() + kinds.SWEEP_LATE.quiet
    while clinic.now() < until:
        clinic.pass_by(2 * MINUTE)
        clinic.cloud.sweep()


@STORIES.of(kinds.FUNCTION_FAILING)
def a_function_fails(clinic: Clinic) -> Story:
    fault = Fault("worker_low", clinic.now(), "system")
    clinic.fail("worker_low")

    yield fault

    clinic.pass_by(kinds.FUNCTION_FAILING.quiet)


@STORIES.of(kinds.CLOCK_SKEW)
def a_clock_is_wrong(clinic: Clinic) -> Story:
    ahead = clinic.now()
    clinic.cloud.move_to(datetime.now(UTC))
    clinic.resolved(kinds.CLOCK_SKEW, Fault("sweep", ahead, "system"))
    clinic.cloud.move_to(ahead)

    yield Fault("sweep", ahead, "system")

    clinic.cloud.move_to(datetime.now(UTC))
    clinic.resolved(kinds.CLOCK_SKEW, Fault("sweep", ahead, "system"))
    clinic.cloud.move_to(ahead + HOUR)


# The journal.


@STORIES.of(kinds.SEAL_LATE)
def nothing_is_sealed(clinic: Clinic) -> Story:
    clinic.cloud.invoke("journal_seal", SCHEDULED)
    visible = clinic.now() + 15 * MINUTE
    clinic.pass_by(15 * MINUTE + SECOND)

    yield Fault("seal-late", visible, "system")

    clinic.cloud.invoke("journal_seal", SCHEDULED)


@STORIES.of(kinds.JOURNAL_BROKEN)
def an_event_is_changed(clinic: Clinic) -> Story:
    owner = clinic.owner("scribbled")
    append(clinic.cloud, "scribbled", 8)
    event = next(
        row
        for row in rows(clinic.cloud).scan("journal")
        if row["pk"].startswith("scribbled#") and "content" in row
    )
    clinic.edit("journal", event, content=event["content"].replace("token:", "tokem:"))
    fault = Fault("verify:scribbled", clinic.now(), "system")
    assert owner.post("/v1/journal/verify", {}).status_code == 202

    incident = yield clinic.wait_for(kinds.JOURNAL_BROKEN, fault)

    clinic.edit("journal", event)
    clinic.cloud.sweep()
    assert clinic.incident(kinds.JOURNAL_BROKEN, fault)["state"] == "open"
    clinic.resolve(incident)


# Approvals.


@STORIES.of(kinds.APPROVAL_WAITS)
def nobody_decides(clinic: Clinic) -> Story:
    owner = clinic.owner("wary")
    activated(owner, ASKING)
    clinic.pass_by(MINUTE)
    asking = {"prompt": "How is it?", "tools": ["system.health"]}
    clinic.task(owner, payload=asking)
    eventually(lambda: pending(owner), seconds=30, pause=0.2)
    (approval,) = pending(owner)
    visible = instant(approval["asked_at"]) + 10 * MINUTE
    clinic.cloud.move_to(visible + SECOND)

    yield Fault(approval["id"], visible, "wary")

    decided = owner.post(f"/v1/approvals/{approval['id']}/decision", {"decision": "deny"})
    assert decided.status_code == 200, decided.text


# What takes a day.


@STORIES.of(kinds.UNREADABLE_LETTER)
def somebody_sends_nonsense(clinic: Clinic) -> Story:
    nonsense = f"hello at {clinic.now()}"
    digest = hashlib.sha256(nonsense.encode()).hexdigest()[:12]
    fault = Fault(f"unreadable-{digest}", clinic.now(), "system")
    clinic.send("low-dlq", nonsense)

    yield clinic.wait_for(kinds.UNREADABLE_LETTER, fault)

    clinic.pass_by(DAY)


@STORIES.of(kinds.CHAIN_CUT)
def a_chain_is_too_long(clinic: Clinic) -> Story:
    payload = {"prompt": "How is it?", "then": {"prompt": "And then?"}}
    task = clinic.later(10 * MINUTE, payload=payload)
    clinic.edit("work", clinic.row(task), depth=Settings().max_depth)
    visible = clinic.pass_by(11 * MINUTE)
    clinic.send("normal", clinic.pointer(task))

    yield clinic.wait_for(kinds.CHAIN_CUT, Fault(task["id"], visible))

    clinic.wait_for_state("succeeded", task)
    clinic.pass_by(DAY)


STORIES |= node_stories.STORIES


def killed_in_mid_run(clinic: Clinic) -> Item:
    """Return a task whose worker was killed while it held it; try a few."""
    for _ in range(TRIES):
        payload = {"prompt": "How is it?", "tools": ["system.health"]}
        task = clinic.task(payload=payload)
        eventually(lambda: clinic.row(task)["state"] != "queued", seconds=30, pause=0.002)  # noqa: B023 - of this round
        for pid in clinic.cloud.workers("worker_normal"):
            kill(pid)
        if clinic.row(task)["state"] == "running":
            return task
    pytest.fail(f"none of {TRIES} workers could be killed in the middle of its run")


def activated(owner: Owner, text: str) -> int:
    """Let an owner's policies be these; return their version."""
    made = owner.post("/v1/policies", {"text": text})
    assert made.status_code == 201, made.text
    version = int(made.json()["version"])
    assert owner.post(f"/v1/policies/{version}/activate", {}).status_code == 200
    return version


def pending(owner: Owner) -> list[Item]:
    items: list[Item] = owner.get("/v1/approvals", state="pending").json()["items"]
    return items


@pytest.fixture(scope="module")
def cloud(moved: MovedCloud) -> MovedCloud:
    return moved


@pytest.fixture(scope="module")
def clinic(cloud: MovedCloud) -> Clinic:
    cloud.move_to(max(BEGAN, cloud.now()))
    return Clinic(cloud)


@pytest.fixture(autouse=True)
def well(clinic: Clinic) -> None:
    """Let everything have run a moment ago, and nothing be wrong that anybody knows of.

    What comes back is not taken for flapping: an operator has resolved it, before it resolves
    itself.
    """
    resolve_all(clinic)
    clinic.pass_by(5 * MINUTE)
    clinic.cloud.tick()
    clinic.cloud.invoke("journal_seal", SCHEDULED)
    clinic.cloud.sweep()
    resolve_all(clinic)


def resolve_all(clinic: Clinic) -> None:
    for incident in clinic.active("main", "system"):
        clinic.resolve(incident)


@pytest.fixture(params=STORIES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> IncidentKind:
    found: IncidentKind = request.param
    return found


def test_every_kind_that_there_is_is_provoked() -> None:
    assert {kind.name for kind in STORIES} == set(kinds.KINDS)


def test_a_fault_is_raised_within_two_minutes_and_ends_as_its_mode_says(
    clinic: Clinic, kind: IncidentKind
) -> None:
    story = STORIES[kind](clinic)
    fault = next(story)

    incident = clinic.raised(kind, fault)
    clinic.cloud.sweep()

    told, seen = clinic.attempts(incident), clinic.incident(kind, fault)
    assert [each["status"] for each in told] == expected_attempts(kind)
    assert seen["state"] != "resolved" or expected_attempts(kind) == ["succeeded"]
    with suppress(StopIteration):
        story.send(incident)
    assert clinic.resolved(kind, fault)["resolved_at"] >= incident["opened_at"]


@pytest.mark.parametrize(
    ("mode", "attempts", "state"),
    [("auto", ["succeeded"], "resolved"), ("observe_only", ["skipped"], "open")],
)
def test_a_mode_that_was_chosen_decides_what_is_done(
    clinic: Clinic, mode: str, attempts: list[str], state: str
) -> None:
    with clinic.healing(mode):
        fault = next(a_channel_falls_silent(clinic))
        incident = clinic.raised(kinds.STALE_HEARTBEAT, fault)
        clinic.cloud.sweep()

    assert [each["status"] for each in clinic.attempts(incident)] == attempts
    assert clinic.incident(kinds.STALE_HEARTBEAT, fault)["state"] == state


def test_what_is_disabled_is_not_looked_for(clinic: Clinic) -> None:
    with clinic.healing("disabled"):
        fault = next(a_channel_falls_silent(clinic))
        clinic.cloud.sweep()

    assert clinic.incident(kinds.STALE_HEARTBEAT, fault).get("state") != "open"
    clinic.raised(kinds.STALE_HEARTBEAT, fault)
