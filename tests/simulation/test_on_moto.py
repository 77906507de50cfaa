"""Sampled schedules on moto, too: each call that they make is answered there as it was here."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.simulation.differential import Outcome, _comparable, _refused, outcome
from tests.simulation.faults import Fault, Schedule
from tests.simulation.job_flows import FLOWS
from tests.simulation.simulate import Simulator
from tests.support import stack

SAMPLES = 20


class Asked(NamedTuple):
    """A call that reached DynamoDB, and its answer."""

    operation: str
    arguments: dict[str, Any]
    answer: Outcome


def asked_by(schedule: Schedule) -> list[Asked]:
    """Run a schedule in a world of its own, and return what DynamoDB was asked.

    Nothing where a read was answered late, which moto never does.
    """
    simulator = Simulator()
    asked: list[Asked] = []
    answer = simulator.world.dynamo.call

    def call(operation: str, arguments: dict[str, Any]) -> Any:
        kept = deepcopy(arguments)
        try:
            reply = answer(operation, arguments)
        except ClientError as error:
            asked.append(Asked(operation, kept, without_pages(_refused(error.response))))
            raise
        asked.append(Asked(operation, kept, without_pages(Outcome(reply=_comparable(reply)))))
        return reply

    simulator.world.dynamo.call = call  # type: ignore[assignment,method-assign]
    result = simulator.run(schedule)
    assert result.violations == ()
    return [] if result.faults[Fault.STALE] else asked


def without_pages(found: Outcome) -> Outcome:
    """Leave out where a page ends: moto names a next one where there is none."""
    if isinstance(found.reply, dict):
        found.reply.pop("LastEvaluatedKey", None)
    return found


# Others begin with rows that no call made.
_FROM_THE_START = [name for name in FLOWS if "gate" not in name]


def samples() -> list[Schedule]:
    chooser = random.Random(12)
    return [
        Schedule.random(chooser.choice(_FROM_THE_START), 20, chooser)._replace(switches=())
        for _ in range(SAMPLES)
    ]


def test_sampled_schedules_are_answered_on_moto_as_in_the_simulator() -> None:
    calls = 0
    for schedule in samples():
        asked = asked_by(schedule)
        calls += len(asked)
        for number, each in enumerate(answers_of(asked)):
            assert each == asked[number].answer, f"{schedule} call {number}: {asked[number]}"
    assert calls > 400


def answers_of(asked: list[Asked]) -> Iterator[Outcome]:
    """Yield moto's answers, in tables of their own."""
    with mock_aws():
        client = boto3.client("dynamodb")
        for table in stack.tables():
            client.create_table(BillingMode="PAY_PER_REQUEST", **table)
        for each in asked:
            call = client._make_api_call
            yield without_pages(outcome(call, each.operation, each.arguments, all_pages=False))
