"""Whatever a node or an operator sends about capabilities, the answer is no fault of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.nodes.capabilities.helper import ALL, CLAIM, Helper
from tests.nodes.certificates.conftest import _started
from tests.support.fuzzing import examples
from tests.support.world import a_world

WORDS = st.sampled_from(["", "camera.take", CLAIM, "read", "succeeded", "\ud800", "\x00", "ÿ" * 70])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)
DECLARED = st.fixed_dictionaries(
    {name: st.one_of(st.just(value), JSON) for name, value in ALL[0].items()},
    optional={"more": JSON},
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "claim": st.just(CLAIM) | JSON,
        "agreed": JSON,
        "state": st.sampled_from(["succeeded", "failed"]) | JSON,
        "output": JSON,
        "error": JSON,
        "summary": JSON,
        "device_id": JSON,
        "capabilities": st.lists(DECLARED, max_size=2) | JSON,
    },
)
ASKED = st.fixed_dictionaries(
    {"capability": st.just("camera.take") | JSON},
    optional={
        "arguments": st.fixed_dictionaries({"width": JSON}) | JSON,
        "wait_seconds": JSON,
        "timeout_seconds": JSON,
    },
)
ROUTES = (
    "register",
    "heartbeat",
    "requests/{}/take",
    "requests/{}/mediation",
    "requests/{}/result",
)
MANY = settings(
    max_examples=examples(250),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    with a_world() as world:
        for gateway in _started(world):
            made = Helper(gateway)
            made.granted("camera.take")
            yield made


@MANY
@given(route=st.sampled_from(ROUTES), said=SAID | JSON)
def test_whatever_a_node_says_is_answered(helper: Helper, route: str, said: Any) -> None:
    path = route.format("01M81J18G00000000000000000")
    reply = helper.node.call("POST", path, said)
    assert reply.status in {200, 400, 403, 404, 409, 422}, reply
    if reply.status == 422:
        assert all(each["field"] and each["fix"] for each in reply.body["errors"])


@MANY
@given(asked=ASKED | JSON, what=st.sampled_from(["invoke", "capabilities/camera.take/grant"]))
def test_whatever_an_operator_asks_is_answered(helper: Helper, asked: Any, what: str) -> None:
    reply = helper.api.post(helper.path(what), json.dumps(asked).encode())
    assert reply.status in {200, 202, 400, 403, 404, 409, 422}, reply
