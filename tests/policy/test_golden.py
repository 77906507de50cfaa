"""The default policies: what they decide, and that no line of them can go unnoticed."""

import re

import cedarpy
import pytest

from chalicelib.policy.authority import GOVERNING
from chalicelib.policy.cedar import bodies, packaged, schema
from chalicelib.policy.engine import defaults
from chalicelib.policy.operations import RESOURCES
from chalicelib.policy.reason import Reason
from infra.openapi import routes
from tests.policy.golden import Case, cases, verdict
from tests.policy.mutants import mutants

TEXT = defaults()
CASES = list(cases())
# Enough to tell sets of policies apart: people are asked about as tokens are.
TELLING = [it for it in CASES if it.verdict != "error" and it.question.principal.type != "Operator"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_default_policies_decide_as_the_table_says(case: Case) -> None:
    assert verdict(case.question) == case.verdict


def test_the_table_has_every_action_of_the_schema_and_no_cell_twice() -> None:
    assert {case.question.action for case in CASES} == _actions()
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_operation_of_the_api_is_an_action_about_the_same_thing() -> None:
    asked = {route.view.__name__ for route in routes() if not route.promise.is_open}
    assert asked == set(RESOURCES)
    table = {
        case.question.action: case.question.resource.type
        for case in CASES
        if case.question.action in RESOURCES
    }
    assert table == RESOURCES


def test_operations_on_policies_are_those_that_no_operators_policy_decides_about() -> None:
    about = {r.view.__name__ for r in routes() if r.path.startswith("/v1/policies")}
    assert about == GOVERNING


def test_the_default_policies_fit_the_schema_and_are_formatted() -> None:
    assert cedarpy.validate_policies(TEXT, schema()).errors == []
    assert cedarpy.format_policies(TEXT) == TEXT


def test_every_default_policy_has_an_id_of_its_own_and_a_reason_that_is_a_code() -> None:
    ids = [body.annotations["id"] for body in bodies(TEXT)]
    assert all(name.startswith("default-") for name in ids)
    assert len(set(ids)) == len(ids)
    forbids = [body for body in bodies(TEXT) if body.effect == "forbid"]
    assert all(body.annotations["reason"] in set(Reason) for body in forbids)


MUTANTS = list(mutants(TEXT))


@pytest.mark.parametrize("mutant", [text for _, text in MUTANTS], ids=[name for name, _ in MUTANTS])
def test_no_change_of_a_default_policy_goes_unnoticed(mutant: str) -> None:
    assert any(verdict(case.question, mutant) != case.verdict for case in TELLING)


def test_each_default_policy_has_its_mutants() -> None:
    named = {name.partition(" ")[0] for name, _ in MUTANTS}
    assert named == {body.annotations["id"] for body in bodies(TEXT)}
    assert len(MUTANTS) > 4 * len(named)


def _actions() -> set[str]:
    """Return the actions that something can be asked about."""
    declared = re.sub(r"//.*", "", packaged("schema.cedarschema"))
    lists = re.findall(r"action\s+([\w\s,]+?)\s+(?:in\s+\[[^]]*\]\s+)?appliesTo", declared)
    return {name for each in lists for name in re.findall(r"\w+", each)}
