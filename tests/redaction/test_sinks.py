"""Each kind of secret through each sink: nothing that gets out tells any of them."""

import pytest

from tests.redaction.canaries import Canary, canaries
from tests.redaction.leaks import leaks
from tests.redaction.sinks import SILENT, TELLING, Place

CANARIES = [pytest.param(canary, id=canary.kind) for canary in canaries()]


def test_there_are_50_kinds_of_secrets_and_12_sinks() -> None:
    assert len({canary.kind for canary in canaries()}) >= 50
    assert len({*TELLING, *SILENT}) >= 12


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_seen_in_each_of_its_forms(canary: Canary) -> None:
    assert all(leaks(form, canary.secret) for form in canary.forms)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("sink", TELLING)
def test_a_secret_is_told_as_its_class(place: Place, sink: str, canary: Canary) -> None:
    told = TELLING[sink](place, " and ".join(canary.forms))
    assert "[redacted:" in told
    assert not leaks(told, canary.secret)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("sink", SILENT)
def test_a_secret_is_not_told(place: Place, sink: str, canary: Canary) -> None:
    assert not leaks(SILENT[sink](place, " and ".join(canary.forms)), canary.secret)
