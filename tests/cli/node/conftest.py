"""A device and an operator, before the real API and the real front of nodes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.nodes.pairing import padding
from tests.cli.node.device import Device, Operator
from tests.cli.server import serving
from tests.functions.http.api import Api
from tests.nodes.front.client import Front
from tests.nodes.front.conftest import front, gateway, place

EARLY = timedelta(hours=15)

__all__ = ["front", "gateway", "place"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let refusals come without their wait."""
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)


@pytest.fixture
def operator(front: Front) -> Operator:
    """The admin; it is early, so that certificates of later are not of the future to OpenSSL."""
    front.gateway.world.clock.move(-EARLY)
    return Operator(Api(front.gateway.world))


@pytest.fixture
def device(front: Front, operator: Operator, tmp_path: Path) -> Iterator[Device]:
    with serving() as url:
        yield Device(front=front, operator=operator, url=url, home=tmp_path / "node")
