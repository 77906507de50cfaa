"""What makes each check of the catalogue see something wrong, and a word of what it says then."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from unittest.mock import patch

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.clock import to_ms
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.journal.store import JournalRow
from chalicelib.policy.store import VersionRow
from chalicelib.scheduler.job import Hold, JobState
from chalicelib.scheduler.rows import HotRow
from chalicelib.tables import owned
from tests.functions.invoke import journal_seal
from tests.healing.doctor import node_plants as nodes
from tests.journal.events import an_event, append
from tests.support import stage as support
from tests.support.stage import Stage, client
from tests.support.tasks import claimed
from tests.support.world import MINUTE, World

LONG_AGO = timedelta(minutes=10)


class Plant(NamedTuple):
    """A cause, and what the check says of it."""

    cause: Callable[[Stage], Any]
    told: str
    verdict: str = "failed"


def another_setting(_stage: Stage) -> None:
    client("lambda").update_function_configuration(
        FunctionName="palyra-local-sweep",
        Environment={"Variables": {"PALYRA_STAGE": "local", "PALYRA_TASKS_LEASE_SECONDS": "9"}},
    )


def a_shard_that_is_gone(stage: Stage) -> None:
    job = stage.world.job()
    HotRow.change(owned("main", job.id), "hot", [HotRow.due_shard.set("9")], HotRow.pk.exists())


def an_index_less(_stage: Stage) -> None:
    client("dynamodb").update_table(
        TableName="palyra-local-work",
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "open"}}],
    )


def no_recovery(_stage: Stage) -> None:
    client("dynamodb").update_continuous_backups(
        TableName="palyra-local-jobs",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def no_protection(_stage: Stage) -> None:
    client("dynamodb").update_table(TableName="palyra-local-runs", DeletionProtectionEnabled=False)


def journal_that_expires(_stage: Stage) -> None:
    client("dynamodb").update_time_to_live(
        TableName="palyra-local-journal",
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"},
    )


def no_encryption(_stage: Stage) -> None:
    support.encrypt("palyra-local-access", is_on=False)


def a_short_visibility(_stage: Stage) -> None:
    client("sqs").set_queue_attributes(
        QueueUrl=support.queue_url("normal"), Attributes={"VisibilityTimeout": "30"}
    )


def a_dead_letter(_stage: Stage) -> None:
    client("sqs").send_message(QueueUrl=support.queue_url("low-dlq"), MessageBody="{}")


def a_backlog(_stage: Stage) -> Any:
    for _ in range(5):
        client("sqs").send_message(QueueUrl=support.queue_url("high"), MessageBody="{}")
    return patch("chalicelib.healing.doctor.checks.queues.MOST_WAITING", 4)


def another_release(_stage: Stage) -> None:
    client("lambda").update_function_code(
        FunctionName="palyra-local-cron_tick", ZipFile=support.zipped(b"print()")
    )


def a_guard(stage: Stage) -> None:
    stage.recursion["palyra-local-worker_low"] = "Terminate"


def a_wider_policy(_stage: Stage) -> None:
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    support.put_policy("palyra-local-sweep", {"Version": "2012-10-17", "Statement": [allowed]})


def nothing_reserved(_stage: Stage) -> None:
    client("lambda").put_function_concurrency(
        FunctionName="palyra-local-sweep", ReservedConcurrentExecutions=0
    )


def a_disabled_rule(_stage: Stage) -> None:
    client("events").disable_rule(Name="palyra-local-cron_tick-event")


def a_failure(stage: Stage) -> None:
    client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": "palyra-local-sweep"}],
                "Timestamp": stage.world.clock.now() - 10 * MINUTE,
                "Value": 2,
            }
        ],
    )


def no_tick(stage: Stage) -> None:
    stage.world.clock.move(LONG_AGO)


def a_slot_that_is_late(stage: Stage) -> None:
    stage.world.job()
    stage.world.clock.move(LONG_AGO)


def a_job_that_failed(stage: Stage) -> None:
    actions = [HotRow.state.set(JobState.PAUSED), HotRow.hold.set(Hold.FAILURES)]
    pk = owned("main", stage.world.job().id)
    HotRow.change(pk, "hot", actions, HotRow.pk.exists())


def slots_to_review(stage: Stage) -> None:
    now = to_ms(stage.world.clock.now())
    actions = [HotRow.review_first.set(now), HotRow.review_last.set(now)]
    HotRow.change(owned("main", stage.world.job().id), "hot", actions, HotRow.pk.exists())


def other_time_zones(_stage: Stage) -> Any:
    return patch("tzdata.__version__", "2020.1")


def an_open_task(stage: Stage) -> None:
    job = stage.world.job()
    stage.world.at(1)
    claimed(stage.world, stage.world.ref(job))
    stage.world.at(9)


def a_lock_left(stage: Stage) -> None:
    world = stage.world
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))
    actions = [HotRow.active.set(world.ref(job).sk), HotRow.active_token.set(1)]
    HotRow.change(world.ref(job).pk, "hot", actions, HotRow.pk.exists())
    world.at(5)


def a_heartbeat_left(stage: Stage) -> str:
    world = stage.world
    job = world.job()
    world.at(1)
    ref = world.ref(job)
    world.services.handle(ref)
    beaten(world, ref.id)
    world.at(5)
    return ref.id


def beaten(world: World, task_id: str, token: int = 1) -> None:
    update = WorkHeartbeatUpdate(
        owner="main",
        kind=WorkHeartbeatKind.BACKGROUND_TASK,
        object_id=task_id,
        summary="firing, attempt 1",
        token=token,
    )
    world.services.worker.heartbeats.record(update, world.clock.now())


def an_incident(stage: Stage) -> None:
    sighting = Sighting(
        owner="main",
        kind=kinds.NOT_SWEPT,
        dedupe_key="sweep:J",
        occurrence="J@1",
        summary="a task cannot be looked after",
    )
    stage.rooms().incidents.raise_(sighting, stage.world.clock.now())


def a_changed_event(_stage: Stage) -> None:
    append(an_event("a"), an_event("b", 1))
    JournalRow(an_event("").stream, 1).update([JournalRow.content.set('{"id":"a"}')])


def seals_that_are_late(stage: Stage) -> None:
    append(an_event("a"))
    journal_seal()
    stage.world.clock.move(timedelta(minutes=16))


def a_clock_that_is_ahead(stage: Stage) -> None:
    stage.date = stage.world.clock.now() - timedelta(seconds=7)


def a_key_to_be_deleted(_stage: Stage) -> None:
    key = client("kms").describe_key(KeyId="alias/palyra-local-personal")["KeyMetadata"]["KeyId"]
    client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=30)


def no_versions(_stage: Stage) -> None:
    client("s3").put_bucket_versioning(
        Bucket=support.bucket("seals"), VersioningConfiguration={"Status": "Suspended"}
    )


def a_policy_that_was_changed(stage: Stage) -> None:
    from chalicelib.functions.wiring.policies import policies  # noqa: PLC0415 - of this plant alone

    service = policies(stage.container)
    text = '@id("no") forbid (principal, action == Action::"dispatch", resource);'
    made = service.create("main", "token:test", text, "")
    service.activate("main", "token:test", made.version.version)
    VersionRow("main#versions", "000000001").update([VersionRow.text.set("permit;")])


def a_closed_gate(stage: Stage) -> None:
    from chalicelib.functions.wiring.api import gate  # noqa: PLC0415 - of this plant alone

    gate(stage.container).close("main", "token:phone")
    stage.world.clock.move(timedelta(hours=2))


def a_slot_without_a_row(stage: Stage) -> None:
    from chalicelib.background.rows import WorkRow  # noqa: PLC0415 - of this plant alone

    world = stage.world
    job = world.job()
    for minutes in (1, 2, 3):
        world.at(minutes)
        world.services.tick.run()
        world.services.handle(world.ref(job, minutes))
    WorkRow(world.ref(job, 2).pk, world.ref(job, 2).sk).delete()


PLANTS: Mapping[str, Plant] = {
    "settings.agree": Plant(another_setting, "sweep: PALYRA_TASKS_LEASE_SECONDS"),
    "settings.shards": Plant(a_shard_that_is_gone, "shard 9 still holds jobs"),
    "tables.schema": Plant(an_index_less, "work: the index open is missing"),
    "tables.recovery": Plant(no_recovery, "jobs cannot be restored"),
    "tables.protection": Plant(no_protection, "runs may be deleted"),
    "tables.expiry": Plant(journal_that_expires, "journal: items expire by at"),
    "tables.encryption": Plant(no_encryption, "access is not encrypted"),
    "queues.attributes": Plant(a_short_visibility, "normal: messages are hidden for 30 s"),
    "queues.dead_letters": Plant(a_dead_letter, "low-dlq: 1 wait"),
    "queues.backlog": Plant(a_backlog, "high: about 5 messages wait", "warning"),
    "functions.deployed": Plant(another_release, "cron_tick: it is of another release"),
    "functions.recursion": Plant(a_guard, "worker_low: RecursiveLoop is Terminate"),
    "functions.policies": Plant(a_wider_policy, "sweep: its role allows something else"),
    "functions.concurrency": Plant(nothing_reserved, "sweep: its reserved concurrency is 0"),
    "functions.triggers": Plant(a_disabled_rule, "cron_tick: its schedule is disabled"),
    "functions.errors": Plant(a_failure, "sweep failed 2 times", "warning"),
    "scheduler.tick": Plant(no_tick, "the last tick was 10 min ago"),
    "scheduler.sweep": Plant(no_tick, "the last sweep was 10 min ago"),
    "scheduler.slots": Plant(a_slot_that_is_late, "late"),
    "scheduler.jobs": Plant(a_job_that_failed, "it failed too often in a row", "warning"),
    "scheduler.review": Plant(slots_to_review, "slots from", "warning"),
    "scheduler.tzdata": Plant(other_time_zones, "tzdata 2020.1 is installed"),
    "work.overdue": Plant(an_open_task, "nobody looked since"),
    "work.leases": Plant(an_open_task, "its lease ended"),
    "work.locks": Plant(a_lock_left, "its lock was left by", "warning"),
    "work.heartbeats": Plant(a_heartbeat_left, "its heartbeat was left", "warning"),
    "incidents.active": Plant(an_incident, "a task cannot be looked after"),
    "journal.chain": Plant(a_changed_event, "event 1 is not as it was written"),
    "journal.seals": Plant(seals_that_are_late, "the last seal, 1, is 16 min old"),
    "clocks.skew": Plant(a_clock_that_is_ahead, "this function's clock is ahead by 6.0 s"),
    "keys.usable": Plant(a_key_to_be_deleted, "personal: it is PendingDeletion"),
    "buckets.attributes": Plant(no_versions, "seals: it does not keep versions"),
    "policies.readable": Plant(a_policy_that_was_changed, "version 1 is missing, or is not"),
    "gate.open": Plant(a_closed_gate, "token:phone closed it 2 h ago", "warning"),
    "approvals.overdue": Plant(nodes.an_approval_nobody_looks_after, "ago, and was not ended"),
    "nodes.authority": Plant(nodes.another_key_behind_the_alias, "the key nodes-a is not its own"),
    "nodes.truststore": Plant(nodes.an_empty_truststore, "the front turns its nodes away"),
    "nodes.certificates": Plant(
        nodes.a_certificate_that_has_ended, "its certificate ended 2 h ago", "warning"
    ),
    "nodes.suspended": Plant(nodes.a_clone, "is suspended since"),
    "nodes.pairings": Plant(nodes.a_code_that_nobody_ended, "expired 5 min ago, and was not ended"),
    "nodes.requests": Plant(nodes.a_request_that_nobody_ended, "its time was over 4 min ago"),
    "ledger.consistent": Plant(a_slot_without_a_row, "slot 2026-11-22T12:02:00Z has no row"),
}
