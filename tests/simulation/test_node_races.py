"""Revocation against everything that a device, its operators and its copies can do meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.certificates import columns, moves, store
from chalicelib.nodes.certificates.store import CertificateStore, Found
from chalicelib.nodes.enforcement import admission
from tests.simulation.node_races import Race

RACES = 1_000
_BUG_RACES = 400


@pytest.fixture(scope="module")
def race() -> Race:
    return Race()


def test_in_a_thousand_races_nothing_is_let_in_after_a_revocation_was_told(race: Race) -> None:
    found = {seed: faults for seed in range(RACES) if (faults := race.run(seed))}
    assert found == {}


def test_a_race_is_the_same_whenever_it_is_run(race: Race) -> None:
    steps = []
    for _ in range(2):
        race.run(7)
        steps.append(race.step)
    assert steps[0] == steps[1]


# Bugs of which each must be found.


def _any_version(*_: Any) -> Any:
    return IdentityRow.pk.exists() | IdentityRow.pk.does_not_exist()


@contextmanager
def _devices_are_overwritten() -> Iterator[None]:
    def write(_before: Any, device: Any) -> Any:
        return columns.device_row(device).put_write(_any_version())

    with patch.object(store, "_device_write", write):
        yield


@contextmanager
def _what_was_read_is_remembered() -> Iterator[None]:
    remembered: dict[Any, Found] = {}
    read = CertificateStore.found

    def found(self: CertificateStore, *names: str) -> Found:
        if names not in remembered:
            remembered[names] = read(self, *names)
        return remembered[names]

    with patch.object(CertificateStore, "found", found):
        yield


@contextmanager
def _states_are_not_looked_at() -> Iterator[None]:
    def offered(_device: Any, certificate: Any, _purpose: Any, _now: Any) -> Any:
        return certificate

    def judged(shown: Any, found: Any, purpose: Any, now: Any) -> Any:
        device, certificate = found.device, found.certificate
        del purpose, now
        return admission.Admitted(
            replace(device, current=shown.fingerprint), certificate, is_first=False
        )

    with (
        patch.object(admission, "_offered", offered),
        patch.object(admission, "judge", judged),
    ):
        yield


@contextmanager
def _an_offer_outlives_its_device() -> Iterator[None]:
    shut = moves.shut

    def keep(device: Any, *how: Any) -> Any:
        return replace(shut(device, *how), offered=device.offered)

    with patch.object(moves, "shut", keep):
        yield


BUGS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "devices are overwritten": _devices_are_overwritten,
    "what was read is remembered": _what_was_read_is_remembered,
    "states are not looked at": _states_are_not_looked_at,
    "an offer outlives its device": _an_offer_outlives_its_device,
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(race: Race, bug: str) -> None:
    with BUGS[bug]():
        assert any(race.run(seed) for seed in range(_BUG_RACES)), bug
