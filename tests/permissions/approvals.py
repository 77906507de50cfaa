"""What is done about approvals: asked by workers, decided by the API, ended by the sweep."""

from datetime import timedelta

from chalicelib.background.task import TaskRef
from tests.functions.http.api import Api
from tests.functions.invoke import message, sweep, worker_normal
from tests.permissions.recorder import Recorder
from tests.permissions.tasks import a_prompt
from tests.support.world import MINUTE, World

ASK = (
    '@id("ask") forbid (principal, action == Action::"invoke", resource)'
    ' unless { context.approval == "approved" };'
)
HOUR = timedelta(hours=1)


def a_caller(world: World) -> Api:
    """Return a caller of an owner whose policies ask for an approval of each call."""
    caller = Api(world)
    assert caller.post("/v1/policies", {"text": ASK}).status == 201
    assert caller.send("POST", "/v1/policies/1/activate").status == 200
    return caller


def asked(world: World, caller: Api) -> tuple[str, TaskRef]:
    """Return an approval that a task asked for, and the task."""
    ref = a_prompt(world).ref
    worker_normal(message(ref))
    (item,) = caller.get("/v1/approvals?state=pending").body["items"]
    return item["id"], ref


def asking(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    ref = a_prompt(world).ref
    with record():
        worker_normal(message(ref))
    (item,) = caller.get("/v1/approvals").body["items"]
    caller.post(f"/v1/approvals/{item['id']}/decision", {"decision": "approve"})
    with record():
        worker_normal(message(ref))
    assert world.task(ref).state == "succeeded"


def ending_what_nobody_decided(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    _, ref = asked(world, caller)
    world.clock.move(HOUR)
    with record():
        worker_normal(message(ref))
    assert world.task(ref).reason.startswith("approval.expired")


def erasing_what_was_asked(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    approval, ref = asked(world, caller)
    world.services.tasks.cancel("main", "token:test", ref.id, "enough")
    made = caller.post("/v1/erasures", {"subject": ref.id, "reason": "asked for"})
    task = TaskRef.of("main", made.body["id"])
    with record():
        world.services.handle(task)
    assert caller.get(f"/v1/approvals/{approval}").body["text"] is None


def deciding(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    approval, _ = asked(world, caller)
    path = f"/v1/approvals/{approval}"
    with record():
        assert caller.get("/v1/approvals").status == 200
        assert caller.get(path).body["state"] == "pending"
        said = {"decision": "approve", "scope": "run", "reason": "it is fine"}
        assert caller.post(f"{path}/decision", said).body["state"] == "approved"


def watching(world: World, record: Recorder) -> None:
    caller = a_caller(world)
    asked(world, caller)
    world.clock.move(10 * MINUTE)
    with record():
        sweep()
    assert caller.get("/v1/status").body["self_healing_active_incidents"] >= 1
    world.clock.move(HOUR)
    with record():
        assert sweep()["approvals"] == 1
    (item,) = caller.get("/v1/approvals").body["items"]
    assert item["code"] == "approval.expired"


API = (deciding,)
SWEEP = (watching,)
WORKER = (asking, ending_what_nobody_decided, erasing_what_was_asked)
