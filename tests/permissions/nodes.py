"""What the API and the sweep do about nodes and their certificates."""

from datetime import timedelta

import pytest

from chalicelib.functions.wiring import issuer as issuing
from tests.functions.http.api import Api
from tests.functions.invoke import sweep as swept
from tests.nodes.gateway import ORIGIN, Gateway
from tests.permissions.recorder import Recorder
from tests.support.world import World

HOUR = timedelta(hours=1)


def operating(world: World, record: Recorder) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        node, caller = Gateway(world).node(), Api(world)
        caller.token("main")
        with record():
            paths = ("", f"/{node.id}", f"/{node.id}/certificates")
            assert [caller.get(f"/v1/nodes{path}").status for path in paths] == [200] * 3
            assert caller.get("/v1/node-authority").status == 200
            for step in ("prepare", "switch"):
                assert caller.post(f"/v1/node-authority/{step}", {}).status == 200
            assert caller.post(f"/v1/nodes/{node.id}/rotate", {}).status == 200
            for verb in ("revoke", "clear"):
                assert caller.post(f"/v1/nodes/{node.id}/{verb}", {"reason": "lost"}).status == 200


def calling(world: World, record: Recorder) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        node = Gateway(world).node()
        with record():
            following = node.renewed()
            assert following.whoami().status == 200
            assert node.whoami().status == 403  # A copy: the device is suspended.


def renewing_late(world: World, record: Recorder) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        node = Gateway(world).node()
        world.clock.move(20 * HOUR)
        with record():
            assert swept()["ending_certificates"] == 1
        world.clock.move(5 * HOUR)
        with record():
            assert swept()["ending_certificates"] == 1
        assert node.whoami().status == 403


def retiring(world: World, record: Recorder) -> None:
    gateway = Gateway(world)
    gateway.node()
    authorities, now = issuing.issuer(gateway.of).authorities, world.clock.now()
    authorities.prepare("token:laptop", now)
    authorities.switch("token:laptop", now)
    world.clock.move(48 * HOUR)
    with record():
        assert swept()["authorities"] == 1
    assert len(world.events("authority.retired")) == 1


FLOWS = (operating, calling)
SWEPT = (renewing_late, retiring)
