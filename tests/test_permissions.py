"""Each function may do what it does, and nothing that it never does.

Every call to AWS of a function's flows is recorded and held against its policy: each must be
allowed, and each allowed action must have been made. Wherever else a test invokes a function, the
function is held to its policy too (`tests.permissions.policies.acting_as`).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache

import boto3
import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from infra.grants import FunctionClass
from infra.permissions import CLASSES
from tests.permissions import api, dead_letter, issuer, nodes, seal, sweep, tick, worker
from tests.permissions.policies import acting_as, is_allowed, policy
from tests.permissions.recorder import Action, Recorder
from tests.support.faults import before
from tests.support.world import World, a_world

LOGS = "Lambda keeps what a function prints"
IN_OUR_NAME = {
    "logs:CreateLogStream": LOGS,
    "logs:PutLogEvents": LOGS,
    "sqs:GetQueueAttributes": "Lambda's poller looks how many messages wait",
    "sqs:ReceiveMessage": "Lambda's poller takes the messages of a function",
    "sqs:DeleteMessage": "Lambda's poller deletes the messages of a function",
}
FLOWS: Mapping[str, Sequence[Callable[[World, Recorder], None]]] = {
    "api": (*api.FLOWS, *nodes.FLOWS),
    "tick": tick.FLOWS,
    "sweep": (*sweep.FLOWS, *nodes.SWEPT),
    "seal": seal.FLOWS,
    "issuer": issuer.FLOWS,
    "worker": worker.FLOWS,
    "dead-letter": dead_letter.FLOWS,
}
each_class = pytest.mark.parametrize("kind", FLOWS)


@each_class
def test_a_function_may_do_all_that_it_does(kind: str) -> None:
    assert [it for it in sorted(done_by(kind)) if not is_allowed(kind, it)] == []


@each_class
def test_a_function_may_do_nothing_that_it_never_does(kind: str) -> None:
    made = done_by(kind)
    unused = [it for it in policy(kind) if not any(one.is_allowed_by(it) for one in made)]
    assert [it for it in unused if it.name not in IN_OUR_NAME] == []


def test_every_class_is_held_against_what_its_functions_do() -> None:
    assert set(CLASSES) == set(FLOWS)


@pytest.mark.parametrize("of", CLASSES.values(), ids=CLASSES)
def test_the_table_says_why_each_action_is_allowed(of: FunctionClass) -> None:
    reasons = [why for grant in of.grants for why in grant.actions.values()]
    assert [why for why in reasons if len(why.split()) < 3] == []


@pytest.mark.usefixtures("world")
def test_a_function_that_does_what_it_may_not_ends_its_test() -> None:
    with acting_as("tick"):
        boto3.client("dynamodb").query(
            TableName="palyra-local-jobs",
            IndexName="due",
            KeyConditionExpression="due_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": "0"}},
        )
        with pytest.raises(pytest.fail.Exception, match=r"tick may not do dynamodb:DeleteTable"):
            boto3.client("dynamodb").delete_table(TableName="palyra-local-jobs")


@pytest.mark.usefixtures("world")
def test_no_function_can_hide_what_it_may_not_do() -> None:
    with pytest.raises(pytest.fail.Exception), acting_as("tick"), suppress(Exception):
        boto3.client("sqs").purge_queue(QueueUrl="https://sqs/1/palyra-local-normal")


def test_what_a_test_does_in_the_middle_of_a_call_is_not_the_functions(world: World) -> None:
    job, seen = world.job(), list[str]()

    def look() -> None:
        boto3.client("sqs").list_queues()
        seen.append("looked")

    record = Recorder()
    with before("UpdateItem", "system", look), record(), acting_as("tick"):
        world.at(1)
        world.services.tick.run()
    assert seen == ["looked"]
    assert not [it for it in record.actions if "List" in it.name]
    assert world.ledger(job)


@cache
def done_by(kind: str) -> set[Action]:
    """Return what a class did in flows that lead it through everything it does."""
    record = Recorder()
    for flow in FLOWS[kind]:
        with a_world() as world, pytest.MonkeyPatch.context() as patch:
            patch.setattr(SystemClock, "now", lambda _machine, of=world.clock: of.now())
            container.cache_clear()
            flow(world, record)
            container.cache_clear()
    return record.actions
