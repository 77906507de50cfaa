"""What the API, the workers and the sweep do with capabilities of nodes."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.background.task import State
from chalicelib.functions.wiring.container import container
from tests.nodes.capabilities.helper import Helper
from tests.nodes.capabilities.runs import Runs
from tests.nodes.gateway import ORIGIN, Gateway
from tests.permissions.recorder import Recorder
from tests.support.world import World


@contextmanager
def _helper(world: World) -> Iterator[Helper]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALYRA_NODES_ORIGIN", ORIGIN)
        container.cache_clear()
        helper = Helper(Gateway(world))
        helper.api.token("main")
        yield helper
    container.cache_clear()


def asking_nodes(world: World, record: Recorder) -> None:
    with _helper(world) as helper, record():
        helper.granted("camera.take")
        request = helper.asked(key="once")
        assert helper.asked(key="once") == request
        assert helper.node.call("POST", "heartbeat").status == 200
        assert helper.found() == [request]
        assert helper.take(request).status == 200
        assert helper.succeed(request).status == 200
        assert helper.state(request)[0] == "succeeded"
        assert helper.api.get(helper.path("invocations")).status == 200
        assert helper.revoke_grant("camera.take").status == 200


def waking_a_run(world: World, record: Recorder) -> None:
    with _helper(world) as helper:
        runs = Runs(helper)
        runs.handle()
        with record():
            (request,) = helper.found()
            helper.take(request)
            assert helper.succeed(request).status == 200


def asking_in_a_run(world: World, record: Recorder) -> None:
    with _helper(world) as helper:
        runs = Runs(helper)
        with record():
            runs.handle()
        (request,) = helper.found()
        helper.take(request)
        helper.succeed(request)
        with record():
            assert runs.handle().state is State.SUCCEEDED


def erasing_what_a_run_asked(world: World, record: Recorder) -> None:
    with _helper(world) as helper:
        runs = Runs(helper)
        runs.handle()
        runs.cancel()
        erasure = runs.ask_erasure()
        with record():
            runs.erase(erasure)
        assert helper.api.get(helper.path("invocations")).body["items"] == []


def ending_what_nobody_takes(world: World, record: Recorder) -> None:
    with _helper(world) as helper:
        Runs(helper).handle()
        helper.asked(wait_seconds=10)
        helper.move(hours=1)
        with record():
            assert helper.swept() == 2


API = (asking_nodes, waking_a_run)
WORKER = (asking_in_a_run, erasing_what_a_run_asked)
SWEEP = (ending_what_nobody_takes,)
