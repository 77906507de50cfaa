"""The front of nodes with real TLS, before an app on moto."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.issuer import issuer
from chalicelib.nodes.authority import truststore
from infra.local import nodes_front, nodes_tls
from infra.local.nodes_front import Behind
from infra.local.place import LOOPBACK, Place
from tests.nodes.front.client import Front
from tests.nodes.gateway import ORIGIN, ROUTES, Gateway
from tests.support.world import World


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    """The gateway at the machine's time, since OpenSSL knows no other."""
    world.clock.instant = datetime.now(UTC)
    container.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        yield Gateway(world)
    container.cache_clear()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "state").mkdir()
    ports = [_free_port() for _ in range(3)]
    return Place(
        state=tmp_path / "state", port=ports[0], emulator_port=ports[1], node_port=ports[2]
    )


@pytest.fixture
def front(gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setattr(nodes_tls, "TRUST_SECONDS", 0.0)

    def trusted() -> str:
        known = issuer(gateway.of).authorities.store.known()
        return truststore.trusted(known, gateway.world.clock.now())

    behind = Behind(ROUTES, gateway.invoke, trusted, ORIGIN)
    with nodes_front.serving(place, behind):
        yield Front(gateway, place)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
