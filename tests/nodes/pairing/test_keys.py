"""The key schedule: both ends agree on all, and on nothing where they believe different things."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.nodes.pairing.keys import Facts, claim_mac, derive, joined

FACTS = Facts("gw-0011223344556677", "K7QM", "daemon", "01DEVICE", b"\x01" * 32, b"\x02" * 32)


# Reckoned without the code that they judge: with hashlib and hmac alone.
VECTORS = {
    "node": "8db3ee65364f0bfc456e4b920a885ee41dae21fd89671782b649f4d3d778d8d3",
    "gateway": "e73335d9bdd85e9c05deeacc53f57702acecd5ce1f9864e60fa8179a139f5c56",
    "transcript": "aa2c498dcce7d3581dedf874f3be46cf0112c424fee69e41a30ee8cd0d1ef0f5",
    "confirm_device": "d894f020b8cd7625b4461302f9fccce45c75a1333612c888dc86c23aecf44d0b",
    "confirm_gateway": "b2569dd8455bf14f99e2b04c4fef861f8ddcf1f1b3681ada374fd81d3ab1bd93",
    "claim": "a23bf0dc8afa62af18c7fe0158a21a351c3a667d5f74e89b5e6dbbb9e88aa689",
    "sas": "675988",
    "mac": "6cab1d97ace1a09e8dee41e6ff43b269a244d97f79e58621d3c22df1a8f79ec1",
}


def test_the_vectors_of_this_project_hold() -> None:
    transcript = FACTS.transcript("01SESSION", b"a" * 33, b"b" * 33)
    keys = derive(b"\x03" * 32, transcript)
    assert FACTS.node.hex() == VECTORS["node"]
    assert FACTS.gateway.hex() == VECTORS["gateway"]
    assert transcript.hex() == VECTORS["transcript"]
    assert keys.confirm_device.hex() == VECTORS["confirm_device"]
    assert keys.confirm_gateway.hex() == VECTORS["confirm_gateway"]
    assert keys.claim.hex() == VECTORS["claim"]
    assert keys.sas == VECTORS["sas"]
    assert claim_mac(keys.claim, "01SESSION", "nonce").hex() == VECTORS["mac"]


@given(st.lists(st.binary(max_size=8), max_size=5), st.lists(st.binary(max_size=8), max_size=5))
def test_no_two_lists_of_fields_are_one_text(left: list[bytes], right: list[bytes]) -> None:
    assert (joined(*left) == joined(*right)) == (left == right)


@pytest.mark.parametrize(
    "change",
    [
        {"gateway_id": "gw-ffffffffffffffff"},
        {"code_id": "K7QN"},
        {"client_kind": "cli"},
        {"device_id": "01OTHER"},
        {"spki_sha256": b"\x09" * 32},
        {"ca_spki_sha256": b"\x09" * 32},
    ],
)
def test_every_belief_changes_every_key(change: dict[str, Any]) -> None:
    mine = derive(b"k" * 32, FACTS.transcript("01SESSION", b"a", b"b"))
    other = derive(b"k" * 32, FACTS._replace(**change).transcript("01SESSION", b"a", b"b"))
    assert mine.confirm_device != other.confirm_device
    assert mine.confirm_gateway != other.confirm_gateway
    assert mine.claim != other.claim


@pytest.mark.parametrize(
    "said", [("01OTHER", b"a", b"b"), ("01SESSION", b"x", b"b"), ("01SESSION", b"a", b"x")]
)
def test_session_and_messages_change_every_key(said: tuple[str, bytes, bytes]) -> None:
    mine = derive(b"k" * 32, FACTS.transcript("01SESSION", b"a", b"b"))
    other = derive(b"k" * 32, FACTS.transcript(*said))
    assert mine.claim != other.claim


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32))
def test_the_number_always_has_six_digits(secret: bytes) -> None:
    sas = derive(secret, os.urandom(32)).sas
    assert len(sas) == 6
    assert sas.isascii()
    assert sas.isdigit()


def test_keys_are_not_shown() -> None:
    keys = derive(b"k" * 32, b"t" * 32)
    assert keys.sas not in repr(keys)
    assert repr(keys.claim) not in repr(keys)
