"""Each function may do what it does, and nothing that it never does.

Every call to AWS of a function's flow is recorded and held against its policy file: each must be
allowed, and each allowed action must have been made.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from chalicelib.scheduler.store import DefinitionRow
from tests.functions.http.api import Api
from tests.support.faults import Crash, before
from tests.support.world import World, a_world

CHALICE = Path(__file__).parents[1] / ".chalice"
IN_OUR_NAME = {
    "logs:CreateLogGroup": "Lambda keeps what a function prints",
    "logs:CreateLogStream": "Lambda keeps what a function prints",
    "logs:PutLogEvents": "Lambda keeps what a function prints",
    "sqs:ReceiveMessage": "Lambda's poller takes the messages of a worker",
    "sqs:DeleteMessage": "Lambda's poller deletes the messages of a worker",
}


@dataclass(frozen=True, order=True)
class Action:
    """An action on a resource: as it was made, or as a policy allows it."""

    name: str
    resource: str

    def is_allowed_by(self, allowed: "Action") -> bool:
        return self.name == allowed.name and fnmatchcase(self.resource, allowed.resource)


@dataclass
class Recorder:
    """Records calls to AWS as what IAM is asked for them, while it is switched on."""

    actions: set[Action] = field(default_factory=set)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        make = BaseClient._make_api_call

        def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
            self.actions |= set(_asked(operation, arguments))
            return make(client, operation, arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", call)
            yield


def api(world: World, made: Recorder) -> None:
    caller = Api(world)
    caller.token("main")
    with made():
        job = caller.job()
        for path in ("/v1/jobs", f"/v1/jobs/{job}", f"/v1/jobs/{job}/firings"):
            assert caller.get(path).status == 200
    ended = caller.run(job)
    with dying_before("GetItem system"):
        caller.run(job, 2)
    with made():
        assert caller.get(f"/v1/runs/{ended}").body["state"] == "succeeded"
        assert caller.get(f"/v1/runs/{job}-001795348920").body["state"] == "running"


def tick(world: World, made: Recorder) -> None:
    world.job()
    world.at(3)
    with made():
        assert world.container().tick.run()["handed"] == 3


def sweep(world: World, made: Recorder) -> None:
    world.services = world.container(max_attempts=1)
    world.job()  # nobody takes its messages
    dead_at_once, dead_in_its_run = world.job(), world.job()
    world.at(1)
    for job, last_words in ((dead_at_once, "PutItem runs"), (dead_in_its_run, "GetItem system")):
        with dying_before(last_words):
            world.container().handle(world.ref(job))
    world.at(3)
    with made():
        assert world.container().swept() == {"nothing": 0, "wait": 0, "send": 4, "fail": 2}


def worker(world: World, made: Recorder) -> None:
    job, held, refused, unconcluded = (world.job() for _ in range(4))
    no_such_tool = DefinitionRow.tools.set(["no.such.tool"])
    DefinitionRow(world.ref(refused).pk, "def").update([no_such_tool])
    with made():
        world.container().handle(world.ref(job))
    world.at(1)
    with made():
        world.container().handle(world.ref(job))
        world.container().handle(world.ref(refused))
    for dead, last_words in ((held, "GetItem system"), (unconcluded, "PutItem journal")):
        with dying_before(last_words):
            world.container().handle(world.ref(dead))
    world.at(2.1)
    with made():
        world.container().handle(world.ref(held, 2))
        world.container().handle(world.ref(unconcluded))
        world.container().handle(world.ref(held))  # a rescue
    assert world.ledger(refused)["12:01:00"] == "denied"
    assert world.ledger(held)["12:02:00"] == "skipped"
    assert len(world.events("run.finished")) == 3


FLOWS: dict[str, Callable[[World, Recorder], None]] = {
    "api": api,
    "tick": tick,
    "sweep": sweep,
    "worker": worker,
}
each_function = pytest.mark.parametrize("function", FLOWS)


@each_function
def test_a_function_may_do_all_that_it_does(function: str) -> None:
    allowed = policy(function)
    assert [it for it in sorted(done_by(function)) if not any(map(it.is_allowed_by, allowed))] == []


@each_function
def test_a_function_may_do_nothing_that_it_never_does(function: str) -> None:
    made = done_by(function)
    unused = [it for it in policy(function) if not any(one.is_allowed_by(it) for one in made)]
    assert [it for it in unused if it.name not in IN_OUR_NAME] == []


@each_function
def test_no_action_is_allowed_by_a_wildcard(function: str) -> None:
    assert [it for it in policy(function) if "*" in it.name] == []


@each_function
def test_no_policy_reaches_beyond_palyra(function: str) -> None:
    for allowed in policy(function):
        _arn, _aws, _service, _region, _account, *name = allowed.resource.split(":")
        assert "palyra-" in name[-1], allowed
        assert not name[-1].startswith("*")


@cache
def policy(function: str) -> list[Action]:
    """Return what a policy file allows, one action on one resource each."""
    statements = json.loads((CHALICE / f"policy-{function}.json").read_text())["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return [
        Action(name, resource)
        for statement in statements
        for name in statement["Action"]
        for resource in statement["Resource"]
    ]


@cache
def done_by(function: str) -> set[Action]:
    """Return what a function did in a flow that leads it through everything it does."""
    made = Recorder()
    with a_world() as world, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        container.cache_clear()
        FLOWS[function](world, made)
        container.cache_clear()
    return made.actions


@contextmanager
def dying_before(call: str) -> Iterator[None]:
    """Let the process die just before its first call of an operation on a table."""

    def die() -> None:
        raise Crash

    operation, table = call.split()
    with suppress(Crash), before(operation, table, die):
        yield


def _asked(operation: str, arguments: dict[str, Any]) -> Iterator[Action]:
    """Yield what IAM is asked: for a transaction or a batch, its parts."""
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            for kind, write in item.items():
                yield from _asked(f"{kind}Item", write)
    elif operation == "BatchGetItem":
        yield from (_on_table(operation, table) for table in arguments["RequestItems"])
    elif "TableName" in arguments:
        index = arguments.get("IndexName")
        yield _on_table(operation, arguments["TableName"] + (f"/index/{index}" if index else ""))
    else:
        queue = arguments.get("QueueName") or arguments["QueueUrl"].rpartition("/")[2]
        yield Action(f"sqs:{operation}", f"arn:aws:sqs:us-east-1:123456789012:{queue}")


def _on_table(operation: str, table: str) -> Action:
    arn = f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}"
    return Action(f"dynamodb:{operation}", arn)
