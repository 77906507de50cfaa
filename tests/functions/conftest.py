from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.clock import SystemClock
from chalicelib.functions.wiring.container import container as this_container
from tests.functions.http.api import Api
from tests.functions.log import Log, recorded
from tests.functions.metrics import Metrics, Values, measured
from tests.nodes.gateway import ORIGIN, Gateway, Node
from tests.support.world import World, a_world


@pytest.fixture
def container(world: World) -> Iterator[World]:
    """A function's own container, as Lambda starts it, on the world's clock."""
    with _started(world):
        yield world


@pytest.fixture
def api(container: World) -> Api:
    return Api(container)


@pytest.fixture
def gateway(api: Api, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
    return Gateway(api.world)


@pytest.fixture
def node(gateway: Gateway) -> Node:
    return gateway.node()


@pytest.fixture(scope="module")
def closed_container() -> Iterator[World]:
    """A container for a module full of input that is refused, and so leaves nothing behind."""
    with a_world() as world, _started(world):
        yield world


@pytest.fixture(scope="module")
def closed_api(closed_container: World) -> Api:
    return Api(closed_container)


@pytest.fixture
def log() -> Iterator[Log]:
    with recorded() as lines:
        yield lines


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Metrics:
    """What was measured since the last look, a mapping for each line."""

    def look(**dimensions: str) -> list[Values]:
        return list(measured(capsys.readouterr().out, **dimensions))

    return look


@contextmanager
def _started(world: World) -> Iterator[None]:
    this_container.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SystemClock, "now", lambda _machine: world.clock.now())
        yield
    this_container.cache_clear()
