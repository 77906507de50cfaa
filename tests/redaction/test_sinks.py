"""Each kind of secret through each sink: nothing that gets out tells any of them.

A sink takes all kinds, one after the other, before anything is read: one test has a cell of each
kind, and names those that fail.
"""

import pytest

from tests.redaction.canaries import Canary, canaries
from tests.redaction.leaks import leaks
from tests.redaction.sinks import SILENT, TELLING

CANARIES = canaries()
TEXTS = tuple(" and ".join(canary.forms) for canary in CANARIES)


def test_there_are_1000_cells_of_50_kinds_of_secrets_and_12_sinks() -> None:
    kinds, sinks = {canary.kind for canary in CANARIES}, {*TELLING, *SILENT}
    assert len(kinds) == len(CANARIES) >= 50
    assert len(sinks) == len(TELLING) + len(SILENT) >= 12
    assert len(kinds) * len(sinks) >= 1000


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.kind)
def test_a_canary_is_seen_in_each_of_its_forms(canary: Canary) -> None:
    assert all(leaks(form, canary.secret) for form in canary.forms)


@pytest.mark.parametrize("sink", TELLING)
def test_a_secret_is_told_as_its_class(sink: str) -> None:
    told = TELLING[sink](TEXTS)
    assert _leaking(sink, told) == []
    cells = zip(CANARIES, told, strict=True)
    assert [_cell(sink, canary) for canary, each in cells if "[redacted:" not in each] == []


@pytest.mark.parametrize("sink", SILENT)
def test_a_secret_is_not_told(sink: str) -> None:
    assert _leaking(sink, SILENT[sink](TEXTS)) == []


def _leaking(sink: str, told: list[str]) -> list[str]:
    """Return the cells in which a secret can be read."""
    cells = zip(CANARIES, told, strict=True)
    return [_cell(sink, canary) for canary, each in cells if leaks(each, canary.secret)]


def _cell(sink: str, canary: Canary) -> str:
    return f"{canary.kind} through {sink}"
