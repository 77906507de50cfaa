"""What the API does."""

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.task import TaskRef
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from tests.functions.http.api import Api, a_job
from tests.functions.http.heartbeats import beat
from tests.functions.http.tasks import a_task, made, moved
from tests.permissions import approvals, capabilities
from tests.permissions.moved import move_old_events
from tests.permissions.recorder import Recorder, dying_before
from tests.permissions.tasks import LARGE, PRIORITIES, a_prompt, children, unknown
from tests.support.faults import every_write_retried
from tests.support.world import MINUTE, World


def a_caller(world: World) -> Api:
    """Return a caller whose token was made before anything is recorded."""
    caller = Api(world)
    caller.token("main")
    return caller


def jobs_and_runs(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    with record():
        job = caller.job()
        for path in ("/v1/jobs", f"/v1/jobs/{job}", f"/v1/jobs/{job}/firings"):
            assert caller.get(path).status == 200
    ended = caller.run(job)
    with dying_before("Query jobs"):
        caller.run(job, 2)
    with record():
        assert caller.get(f"/v1/runs/{ended}").body["state"] == "succeeded"
        assert caller.get(f"/v1/runs/{job}-001795348920").body["state"] == "running"


def policies(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    text = '@id("stop") forbid (principal, action == Action::"dispatch", resource);'
    with record():
        assert caller.post("/v1/policies", {"text": text}).status == 201
        assert caller.send("POST", "/v1/policies/1/activate").status == 200
        for path in ("/v1/policies", "/v1/policies/1", "/v1/policies/active"):
            assert caller.get(path).status == 200
        assert caller.post("/v1/policies/dry-run", {"version": 0}).status == 200
        assert caller.send("POST", "/v1/policies/rollback").status == 200


def changing_jobs(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    job, gone = caller.job(), caller.job()
    path = f"/v1/jobs/{job}"
    world.at(5)
    with record():
        assert caller.send("PATCH", path, {"prompt": "And now?"}).status == 200
        assert caller.send("PATCH", path, {"schedule": {"every": "90s"}}).status == 200
        for move in ("pause", "resume"):
            assert caller.post(f"{path}/{move}", {}).status == 200
        assert caller.send("DELETE", f"/v1/jobs/{gone}").status == 200
    with every_write_retried(), record():  # One's own effect is found after a lost reply.
        assert caller.send("PATCH", path, {"prompt": "And then?"}).status == 200


def erasing(world: World, record: Recorder) -> None:
    caller, job = a_caller(world), world.job()
    with record():  # The key was made by another container.
        assert caller.get("/v1/journal").body["items"][0]["personal"]["name"] == "health"
        assert caller.send("DELETE", f"/v1/jobs/{job.id}").status == 200
        asked = {"subject": job.id, "reason": "asked for"}
        assert caller.post("/v1/erasures", asked).status == 202
        assert caller.get("/v1/erasures").status == 200


def pausing_for_a_while(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    path = f"/v1/jobs/{caller.job()}"
    with record():
        assert caller.post(f"{path}/pause", {"until": "2026-11-22T15:00:00Z"}).status == 200
        assert caller.post(f"{path}/resume", {}).status == 200
        assert caller.get(f"{path}/preview").status == 200
        assert caller.get(f"{path}/health").status == 200


def making_up_for_the_past(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    path = f"/v1/jobs/{caller.job(schedule={'every': '1h'}, misfire='catch_up')}"
    world.at(60 * 30)
    world.services.tick.run()
    past = {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T14:30:00Z"}
    with record():
        assert len(caller.post(f"{path}/backfill", past).body["firings"]) == 2
        assert caller.post(f"{path}/backfill", past).status == 202
        assert caller.post(f"{path}/review", {"action": "replay"}).status == 202
        assert caller.post(f"{path}/review", {"action": "dismiss"}).status == 202


def closing_the_gate(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    with record():
        for paused in (True, False):
            assert caller.post("/v1/gate", {"paused": paused}).body["paused"] is paused
        assert caller.get("/v1/gate").status == 200


def running_a_job_now(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    job = caller.job()
    with record():
        assert caller.post(f"/v1/jobs/{job}/run", {}).status == 202


def repeating_requests(world: World, record: Recorder) -> None:
    caller, once = a_caller(world), {"Idempotency-Key": "once"}
    job = caller.job()
    orders: tuple[tuple[str, object], ...] = (
        ("/v1/jobs", a_job()),
        (f"/v1/jobs/{job}/run", {}),
        ("/v1/tasks", a_task()),
    )
    with record():
        for path, body in orders:
            made, again = [caller.post(path, body, headers=once) for _ in range(2)]
            assert (made.status in (201, 202), again.status) == (True, 200)


def looking_at_runs(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    job = caller.job()
    caller.run(job)
    with record():
        for path in ("/v1/runs", f"/v1/runs?job={job}"):
            assert len(caller.get(path).body["items"]) == 1


def looking_at_the_status(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    caller.job()
    world.services.tick.run()
    with record():
        assert caller.get("/v1/status").body["status"] == "ok"
        for path in ("/v1", "/healthz", "/v1/openapi.json", "/v1/settings"):
            assert caller.get(path).status == 200


def making_tasks(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    with record():
        parent, *_ = [made(caller, priority=priority) for priority in PRIORITIES]
        made(caller, parent=parent)
        made(caller, payload={"prompt": LARGE})
        made(caller, dedupe_key="once")
        assert caller.post("/v1/tasks", a_task(dedupe_key="once")).status == 200


def looking_at_tasks(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    task = made(caller)
    with record():
        for path in ("/v1/tasks", f"/v1/tasks?parent={task}", f"/v1/tasks/{task}"):
            assert caller.get(path).status == 200


def looking_at_heartbeats(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    beat(caller, "a task")
    with record():
        assert len(caller.get("/v1/heartbeats").body["items"]) == 1


def reading_the_journal(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    job = caller.job()
    with record():
        (entry,) = caller.get(f"/v1/journal?subject={job}").body["items"]
        assert caller.get(f"/v1/journal/{entry['stream']}/{entry['seq']}").body == entry


def reading_what_was_moved(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    move_old_events(world)
    with record():
        (_, first) = caller.get("/v1/journal?subject=J").body["items"]
        assert caller.get(f"/v1/journal/{first['stream']}/1").body == first
        assert caller.get("/v1/journal/days?from=2026-11-22&to=2026-11-22").body["events"] == 2


def exporting_the_journal(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    with record():
        task = caller.post("/v1/journal/exports", {}).body["task_id"]
    world.services.handle(TaskRef.of("main", task))
    with record():
        assert caller.get(f"/v1/journal/exports/{task}").body["link"]


def pausing_and_resuming(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    task = made(caller)
    with record():
        assert moved(caller, task, "pause")["state"] == "paused"
        assert moved(caller, task, "resume")["state"] == "queued"


def resuming_what_no_function_knew(world: World, record: Recorder) -> None:
    caller, task = a_caller(world), unknown(a_prompt(world))
    world.services.handle(task.ref)
    with record():
        assert moved(caller, task.ref.id, "resume")["state"] == "queued"
    assert not wiring.tasks(container()).incidents.active("main", None, 10).items


def cancelling_and_retrying(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    task = made(caller)
    with record():
        assert moved(caller, task, "cancel")["state"] == "cancelled"
        assert moved(caller, task, "retry")["state"] == "queued"


def cancelling_a_firing(world: World, record: Recorder) -> None:
    caller, job = a_caller(world), world.job()
    with record():
        assert moved(caller, world.ref(job).id, "cancel")["state"] == "cancelled"


def cancelling_with_children(world: World, record: Recorder) -> None:
    caller, parent = a_caller(world), a_prompt(world)
    first, *_ = children(world, parent, 3)
    with dying_before("Query jobs"):
        world.services.handle(first.ref)
    with record():
        assert moved(caller, first.ref.id, "cancel")["state"] == "cancel_requested"
        assert moved(caller, parent.ref.id, "cancel")["state"] == "cancelled"


def verifying(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    with record():
        made = caller.post("/v1/journal/verify", {})
        assert made.status == 202
        assert caller.get("/v1/journal/verify").body["items"] == []
        assert caller.get(f"/v1/journal/verify/{made.body['id']}").status == 404


def incidents(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    task = unknown(a_prompt(world))
    world.services.handle(task.ref)
    silent = Sighting(
        owner="main",
        kind=kinds.STALE_HEARTBEAT,
        dedupe_key="k",
        occurrence="once",
        summary="a channel worker is silent",
        subject="channel_worker:W",
    )
    beat(caller, "W", kind=WorkHeartbeatKind.CHANNEL_WORKER)
    world.clock.move(MINUTE)
    wiring.incidents(container()).raise_(silent, world.clock.now())
    with record():
        found = caller.get("/v1/incidents").body["items"]
        assert len(caller.get("/v1/incidents?state=active").body["items"]) == len(found) == 2
        for each in found:
            path = f"/v1/incidents/{each['id']}"
            assert caller.get(path).status == 200
            tag = {"If-Match": caller.get(f"{path}/remediation").headers["ETag"]}
            assert caller.send("POST", f"{path}/remediate", headers=tag).status == 200
            assert caller.send("POST", f"{path}/resolve").status == 200


FLOWS = (
    incidents,
    *approvals.API,
    erasing,
    verifying,
    jobs_and_runs,
    changing_jobs,
    policies,
    pausing_for_a_while,
    making_up_for_the_past,
    closing_the_gate,
    running_a_job_now,
    repeating_requests,
    looking_at_runs,
    looking_at_the_status,
    making_tasks,
    looking_at_tasks,
    looking_at_heartbeats,
    reading_the_journal,
    reading_what_was_moved,
    exporting_the_journal,
    pausing_and_resuming,
    resuming_what_no_function_knew,
    cancelling_and_retrying,
    cancelling_a_firing,
    cancelling_with_children,
    *capabilities.API,
)
