"""Both ends of a pairing for each test."""

from pathlib import Path

import pytest

from tests.nodes.pairing.pairing_world import Pairing, issuer, palyra
from tests.support.world import World


@pytest.fixture
def pairing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pairing:
    return palyra(world.clock, issuer(tmp_path), monkeypatch)
