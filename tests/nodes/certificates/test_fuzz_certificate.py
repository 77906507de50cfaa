"""Whatever stands where a certificate should: refused, and nothing fails."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.nodes.enforcement import presented
from chalicelib.nodes.enforcement.reason import NotAdmitted
from tests.nodes.forging import signing
from tests.nodes.gateway import Gateway, Node
from tests.support.fuzzing import examples

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
BOUNDED = settings(
    max_examples=examples(400),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def node(kept: Gateway) -> Node:
    return kept.node()


def _pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


@BOUNDED
@given(data=st.data())
def test_a_damaged_certificate_is_not_let_in(
    kept: Gateway, node: Node, data: st.DataObject
) -> None:
    der, authority = bytearray(node.der), signing(kept).authority.pem
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    if bytes(der) == node.der:
        return
    with pytest.raises(NotAdmitted):
        presented.read(_pem(bytes(der))).check_signature(authority, kept.world.clock.now())


@BOUNDED
@given(data=st.data())
def test_a_call_with_a_damaged_certificate_is_refused(
    kept: Gateway, node: Node, data: st.DataObject
) -> None:
    der = bytearray(node.der)
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    if bytes(der) == node.der:
        return
    shown = {"clientCertPem": _pem(bytes(der[: len(der) - data.draw(st.integers(0, 2))]))}
    reply = kept.call("GET", node.path("whoami"), certificate=None, clientCert=shown)
    assert (reply.status, reply.code) == (403, "certificate-refused")


@BOUNDED
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300).map(_pem)))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(NotAdmitted):
        presented.read(text)


@BOUNDED
@given(context=JSON, body=st.one_of(JSON, st.binary(max_size=50)))
def test_any_context_and_body_are_answered_below_500(
    kept: Gateway, node: Node, context: Any, body: Any
) -> None:
    reply = kept.call(
        "POST", node.path("nonce"), body, certificate=None, clientCert=context, userAgent=context
    )
    assert reply.status in {401, 403}


@settings(BOUNDED, max_examples=examples(120))
@given(what=st.sampled_from(["nonce", "renew"]), body=st.one_of(JSON, st.binary(max_size=50)))
def test_any_body_of_a_node_is_answered_below_500(
    kept: Gateway, node: Node, what: str, body: Any
) -> None:
    assert kept.world
    assert node.call("POST", what, body).status in {201, 400, 403, 422}


def test_no_body_has_changed_the_device(kept: Gateway, node: Node) -> None:
    assert kept.device(node).state == "active"


def test_the_authority_is_not_a_certificate_of_a_node(kept: Gateway) -> None:
    own = signing(kept).certificate.public_bytes(Encoding.PEM).decode()
    with pytest.raises(NotAdmitted):
        presented.read(own)
