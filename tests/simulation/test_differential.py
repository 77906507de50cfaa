"""The simulator against moto: the same random calls, and each error that moto is known for."""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from moto import mock_aws

from tests.simulation.differential import Call, Comparison, contents, make_equal
from tests.simulation.disputes import MOTO_ERRORS, shown
from tests.simulation.dynamo import SimDynamo
from tests.simulation.generation import TABLES

_SEQUENCES = "TEST_DIFFERENTIAL_SEQUENCES"
_FIRST = "TEST_DIFFERENTIAL_FIRST"
_USUAL = 12


@pytest.fixture
def moto() -> Iterator[Call]:
    with mock_aws():
        for table in TABLES:
            _client().create_table(BillingMode="PAY_PER_REQUEST", **table)
        yield _client()._make_api_call


@cache
def _client() -> Any:
    # Making a client takes longer than most tests.
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return botocore.session.get_session().create_client("dynamodb", config=config)


def test_the_simulator_answers_as_moto_does_but_for_its_known_errors(moto: Call) -> None:
    comparison = Comparison(moto, {name: error.excuse for name, error in MOTO_ERRORS.items()})
    first = int(os.environ.get(_FIRST, "0"))

    for seed in range(first, first + int(os.environ.get(_SEQUENCES, _USUAL))):
        comparison.run(seed)

    print(f"{comparison.calls} calls, excused: {dict(comparison.excused)}")  # noqa: T201 - for campaigns
    assert comparison.unexplained == []


@pytest.mark.parametrize("name", MOTO_ERRORS)
def test_moto_has_the_error_still(moto: Call, name: str) -> None:
    error = MOTO_ERRORS[name]

    assert shown(SimDynamo(TABLES).call, error) == error.right
    assert shown(moto, error) == error.moto


def test_a_comparison_finds_what_errs_in_a_new_way(moto: Call) -> None:
    def careless(operation: str, arguments: dict[str, object]) -> dict[str, object]:
        kept = {k: v for k, v in arguments.items() if k != "ReturnValuesOnConditionCheckFailure"}
        return moto(operation, kept)

    comparison = Comparison(careless, {name: error.excuse for name, error in MOTO_ERRORS.items()})
    for seed in range(3):
        comparison.run(seed)

    assert comparison.unexplained


def test_tables_are_made_equal(moto: Call) -> None:
    ours = SimDynamo(TABLES).call
    for number, call in enumerate((ours, moto, ours, moto)):
        item = {"pk": {"S": f"{number % 3}"}, "sk": {"S": "1"}, "n": {"N": f"{number}"}}
        call("PutItem", {"TableName": TABLES[0]["TableName"], "Item": item})

    make_equal(ours, moto)

    assert contents(moto) == contents(ours)
