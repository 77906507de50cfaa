"""Whoever may invoke the issuer gets no certificate that nobody approved, and breaks nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from chalicelib.functions.issuer import node_issuer
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.pairing.machine import SessionState
from tests.nodes.approving import SESSION, stands
from tests.nodes.certificates.conftest import _started
from tests.nodes.gateway import Gateway, Node, new_key
from tests.permissions.policies import acting_as
from tests.support.fuzzing import examples
from tests.support.world import World, a_world

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    yield from _started(world)


@pytest.fixture(scope="module")
def kept() -> Iterator[Gateway]:
    with a_world() as world:
        yield from _started(world)


@pytest.fixture
def node(gateway: Gateway) -> Node:
    return Node(gateway, "main", str(ULID()))


def asked(node: Node, **changes: Any) -> Any:
    told = {
        "do": "issue",
        "csr_pem": node.csr(),
        "device": {"owner": node.owner, "device_id": node.id},
        "serial_of": SESSION,
    }
    with acting_as("issuer"):
        return node_issuer(told | changes, None)


def is_refused(answer: Any, why: str) -> bool:
    return answer["refusal"]["code"] == "conflict" and why in answer["refusal"]["detail"]


def test_an_approved_pairing_gets_the_same_certificate_each_time(node: Node) -> None:
    stands(node)
    first, again = asked(node), asked(node)
    assert first == again
    assert "answer" in first
    device = node.gateway.device(node)
    assert (device.kind, device.label) == ("daemon", "garage pi")


def test_a_device_that_nobody_paired_gets_none(node: Node) -> None:
    assert is_refused(asked(node), "there is no such pairing")
    assert node.gateway.world.events("node.certificate_issued") == []


@pytest.mark.parametrize(
    "state", [state for state in SessionState if state not in {"approved", "issued"}]
)
def test_a_pairing_that_is_not_approved_gets_none(node: Node, state: SessionState) -> None:
    stands(node, state=state)
    assert is_refused(asked(node), f"the pairing is {state}")


def test_an_approval_that_is_over_gets_none(node: Node) -> None:
    stands(node)
    node.gateway.world.clock.move(timedelta(minutes=10))
    assert is_refused(asked(node), "the pairing is expired")


def test_an_approval_is_one_devices_and_one_keys(node: Node) -> None:
    stands(node)
    other, stranger = Node(node.gateway, "main", str(ULID())), Node(node.gateway, "b", node.id)
    other.key = stranger.key = node.key
    assert is_refused(asked(other), "another device's")
    assert is_refused(asked(stranger), "another device's")
    node.key = new_key()
    assert is_refused(asked(node), "another key's")


def test_what_the_caller_calls_the_device_is_not_believed(node: Node) -> None:
    stands(node)
    device = {"owner": "main", "device_id": node.id, "kind": "admin", "label": "mine"}
    assert "answer" in asked(node, device=device)
    assert node.gateway.device(node).kind == "daemon"


BAD: list[tuple[Any, str]] = [
    ({"do": "issue"}, "device"),
    ({"do": "issue", "device": []}, "device"),
    ({"do": "issue", "device": "main"}, "device"),
    ({"do": "issue", "device": {"owner": "main"}}, "device_id"),
    ({"do": "issue", "device": {"owner": 7, "device_id": "x"}}, "owner"),
    ({"do": "issue", "device": {"owner": "main", "device_id": SESSION}}, "csr_pem"),
    ({"do": "renew"}, "device"),
    ({"do": "renew", "device": {"owner": "main", "device_id": SESSION}, "csr_pem": 7}, "csr_pem"),
    ({"do": "prepare"}, "actor"),
    ({"do": "switch", "actor": ""}, "actor"),
    ({"do": "switch", "actor": "x" * 201}, "actor"),
    ({"do": ["issue"]}, "do"),
    ([], "event"),
    (None, "event"),
    ("issue", "event"),
]


@pytest.mark.parametrize(("told", "field"), BAD, ids=[str(each)[:40] for each, _ in BAD])
@pytest.mark.usefixtures("gateway")
def test_what_is_missing_or_wrong_is_named_and_no_incident(told: Any, field: str) -> None:
    with acting_as("issuer"):
        refusal = node_issuer(told, None)["refusal"]
    assert (refusal["code"], refusal["faults"][0][0]) == ("invalid", field)
    assert IncidentStore().listed("system", None, 9).items == []


@pytest.mark.parametrize("name", ["nonce", "proof", "shown"])
def test_a_renewal_names_what_it_lacks(gateway: Gateway, name: str) -> None:
    node = gateway.node()
    following, said = node.renewal()
    told = {
        "do": "renew",
        "csr_pem": following.csr(),
        "shown": node.fingerprint,
        "device": {"owner": "main", "device_id": node.id},
        **said,
        name: None,
    }
    with acting_as("issuer"):
        refusal = node_issuer(told, None)["refusal"]
    assert (refusal["code"], refusal["faults"][0][0]) == ("invalid", name)


@settings(
    max_examples=examples(150),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(do=st.sampled_from(["issue", "renew", "prepare", "switch"]), told=JSON, device=JSON)
def test_whatever_it_is_told_is_refused(kept: Gateway, do: str, told: Any, device: Any) -> None:
    assert kept.world
    more = told if isinstance(told, dict) else {"csr_pem": told, "actor": None}
    answer = node_issuer({**more, "do": do, "device": device}, None)
    assert answer["refusal"]["code"] in {"invalid", "conflict"}
