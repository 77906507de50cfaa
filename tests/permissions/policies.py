"""What the policy files allow, and functions that are held to them while they run.

A test that invokes a function does so inside `acting_as`: its first call to AWS that the function's
class may not make ends the test, wherever it is made. What the test itself does before and after,
or in the middle of a call, is not held against anybody.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.permissions.recorder import Action, heard

CHALICE = Path(__file__).parents[2] / ".chalice"
STAGE = "local"  # Whose names the tests' tables and queues have.


@cache
def policy(kind: str, stage: str = STAGE) -> list[Action]:
    """Return what the policy of a class allows, one action on one resource each."""
    file = CHALICE / "policies" / stage / f"{kind}.json"
    statements = json.loads(file.read_text())["Statement"]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return [
        Action(name, resource)
        for statement in statements
        for name in statement["Action"]
        for resource in _resources(statement)
    ]


def _resources(statement: dict[str, Any]) -> list[str]:
    """Return what a statement is about; of keys, the alias that they must be asked for by."""
    alias = statement.get("Condition", {}).get("StringEquals", {}).get("kms:RequestAlias")
    resources: list[str] = [alias] if alias else statement["Resource"]
    return resources


def is_allowed(kind: str, action: Action) -> bool:
    """Return whether a function of a class may do something in the tests' stage."""
    return any(map(action.is_allowed_by, policy(kind)))


@contextmanager
def acting_as(kind: str) -> Iterator[None]:
    """Fail at once where something is done that the functions of a class may not do."""

    def check(action: Action) -> None:
        if not is_allowed(kind, action):
            # No handler of errors takes this for one: it goes through to pytest.
            pytest.fail(f"{kind} may not do {action.name} on {action.resource}")

    with heard(check):
        yield
