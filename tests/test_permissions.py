"""Each function may do what it does, and nothing that it never does.

Every call to AWS of a function's flows is recorded and held against its policy file: each must be
allowed, and each allowed action must have been made.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from tests.permissions import api, dead_letter, sweep, tick, worker
from tests.permissions.recorder import Action, Recorder
from tests.support.world import World, a_world

CHALICE = Path(__file__).parents[1] / ".chalice"
IN_OUR_NAME = {
    "logs:CreateLogGroup": "Lambda keeps what a function prints",
    "logs:CreateLogStream": "Lambda keeps what a function prints",
    "logs:PutLogEvents": "Lambda keeps what a function prints",
    "sqs:GetQueueAttributes": "Lambda's poller looks how many messages wait",
    "sqs:ReceiveMessage": "Lambda's poller takes the messages of a function",
    "sqs:DeleteMessage": "Lambda's poller deletes the messages of a function",
}
FLOWS: Mapping[str, Sequence[Callable[[World, Recorder], None]]] = {
    "api": api.FLOWS,
    "tick": tick.FLOWS,
    "sweep": sweep.FLOWS,
    "worker": worker.FLOWS,
    "dead-letter": dead_letter.FLOWS,
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


def test_every_policy_is_held_against_what_its_functions_do() -> None:
    files = {file.stem.removeprefix("policy-") for file in CHALICE.glob("policy-*.json")}
    assert files == set(FLOWS)


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
    """Return what a function did in flows that lead it through everything it does."""
    record = Recorder()
    for flow in FLOWS[function]:
        with a_world() as world, pytest.MonkeyPatch.context() as patch:
            patch.setattr(SystemClock, "now", lambda _machine, of=world.clock: of.now())
            container.cache_clear()
            flow(world, record)
            container.cache_clear()
    return record.actions
