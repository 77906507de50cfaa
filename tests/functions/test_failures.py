from typing import Any

import pytest

from chalicelib.errors import InvalidSettings, Unavailable
from chalicelib.functions.failures import telling
from chalicelib.functions.stages import Stages
from chalicelib.incidents.store import IncidentStore
from tests.functions.invoke import Context
from tests.support.world import MINUTE, World


class Event:
    context = Context()


def failing(error: Exception) -> Any:
    @telling
    def journal_seal(_event: Any) -> None:
        raise error

    return journal_seal


def told() -> list[tuple[str, str, int]]:
    found = IncidentStore().listed("system", None, 9).items
    return [(each.kind, each.subject, each.count) for each in found]


def test_a_function_that_fails_says_so_and_fails(container: World) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            failing(ValueError("it is broken"))(Event())
        container.clock.move(MINUTE)
    assert told() == [("function-failing", "journal_seal", 2)]


@pytest.mark.usefixtures("container")
def test_a_function_that_does_not_fail_says_nothing() -> None:
    assert telling(lambda _event: 7)(Event()) == 7
    assert told() == []


@pytest.mark.usefixtures("container")
def test_a_bad_setting_is_told_by_its_own_alarm() -> None:
    with pytest.raises(InvalidSettings):
        failing(InvalidSettings("no"))(Event())
    assert told() == []


def test_a_failure_that_cannot_be_told_is_raised_all_the_same(
    container: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: object) -> None:
        raise Unavailable

    monkeypatch.setattr(IncidentStore, "raise_", gone)
    with pytest.raises(ValueError, match="broken"):
        failing(ValueError("it is broken"))(Event())
    assert container.clock


def test_a_stage_that_fails_keeps_no_other_and_is_raised_at_the_end() -> None:
    def fail() -> int:
        raise ValueError("first")

    stages = Stages()
    assert stages.made(fail, 0) == 0
    assert stages.made(lambda: 7, 0) == 7
    with pytest.raises(ValueError, match="first"):
        stages.raise_first()


def test_where_no_stage_fails_nothing_is_raised() -> None:
    stages = Stages()
    stages.made(lambda: 7, 0)
    stages.raise_first()
