"""The protocol holds in every world explored, and each rule is needed in one.

`TEST_MODEL=full` explores all configurations, and the worlds of the traps with their rule in
force, in some minutes; otherwise only the quick ones.
"""

import os
from collections.abc import Iterator
from time import process_time

import pytest

from tests.model.configurations import ALL
from tests.model.explore import Result, explore
from tests.model.rules import Configuration, Rules, World
from tests.model.traps import TRAPS, Trap

_IS_FULL = os.environ.get("TEST_MODEL") == "full"
_WORLDS_OF_TRAPS = {trap.configuration: trap.rule for trap in TRAPS}
_WITH_ALL_RULES = (
    *ALL,
    *(one._replace(name=f"trap: {rule}") for one, rule in _WORLDS_OF_TRAPS.items()),
)
_CHOSEN = [one for one in _WITH_ALL_RULES if one.quick or _IS_FULL]


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print("", *lines, sep="\n")  # noqa: T201 - the figures are what a full run is made for


@pytest.mark.parametrize("configuration", _CHOSEN, ids=lambda one: one.name)
def test_all_invariants_hold(configuration: Configuration, table: list[str]) -> None:
    began = process_time()

    result = explore(World(configuration))

    table.append(_line(configuration, result, process_time() - began))
    assert result.violation is None, str(result.violation)
    assert result.complete, "the state cap was reached: nothing is proved"


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.rule)
def test_without_a_rule_its_invariant_is_broken(trap: Trap) -> None:
    without = Rules()._replace(**{trap.rule: False})

    result = explore(World(trap.configuration, without))

    assert result.violation is not None
    assert result.violation.invariant == trap.invariant, str(result.violation)


def test_every_rule_has_its_trap() -> None:
    assert sorted(trap.rule for trap in TRAPS) == sorted(Rules._fields)


def test_a_world_that_is_too_large_is_reported_as_incomplete() -> None:
    assert not explore(World(ALL[0]), cap=100).complete


def test_a_trace_is_the_shortest() -> None:
    trap = next(trap for trap in TRAPS if trap.rule == "newer_only")

    result = explore(World(trap.configuration, Rules(newer_only=False)))

    assert result.violation is not None
    assert result.violation.trace == (
        "C claims[1#1]",
        "C claims[2#1]",
        "L locks[2#1]",
        "L: held[1#1]",
        "H: live, replace it[1#1]",
        "X replaces[1#1]",
    )


def _line(configuration: Configuration, result: Result, seconds: float) -> str:
    complete = "complete" if result.complete else "INCOMPLETE"
    return (
        f"{configuration.name:44}{result.states:>9,} states {result.transitions:>10,} transitions"
        f"  {complete} {seconds:6.1f} s"
    )
