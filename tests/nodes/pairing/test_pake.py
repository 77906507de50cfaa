"""The PAKE: a wrong PIN ends in another key, and what is no message is refused."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spake2 import SPAKE2_A
from spake2.ed25519_basic import B, Q, encodepoint

from chalicelib.nodes.pairing.pake import NotAPoint, Spake2, check_point
from tests.support.fuzzing import examples

NODE, GATEWAY = b"node", b"gateway"


def respond(pin: str, message: bytes) -> bytes:
    return Spake2(os.urandom).respond(pin, NODE, GATEWAY, message).key


def exchanged(typed: str, minted: str, gateway: bytes = GATEWAY) -> tuple[bytes, bytes]:
    """Return both keys of an exchange."""
    side = SPAKE2_A(typed.encode(), idA=NODE, idB=gateway)
    reply = Spake2(os.urandom).respond(minted, NODE, GATEWAY, side.start())
    return side.finish(reply.message), reply.key


def test_the_same_pin_ends_in_the_same_key() -> None:
    mine, theirs = exchanged("482913", "482913")
    assert mine == theirs


def test_another_pin_or_another_gateway_ends_in_another_key() -> None:
    for keys in (exchanged("482914", "482913"), exchanged("482913", "482913", b"phish")):
        assert keys[0] != keys[1]


def _low_order() -> list[bytes]:
    """Return the encodings of the points whose order is 1, 2, 4 or 8, as far as they are known."""
    known = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ]
    # The neutral element once more: with its sign bit set, and not reduced, with and without.
    odd = [
        (1 | 1 << 255).to_bytes(32, "little"),
        (Q + 1).to_bytes(32, "little"),
        ((Q + 1) | 1 << 255).to_bytes(32, "little"),
        (Q - 1 | 1 << 255).to_bytes(32, "little"),
    ]
    return [bytes.fromhex(each) for each in known] + odd


@pytest.mark.parametrize("point", _low_order(), ids=bytes.hex)
def test_points_of_low_order_are_refused(point: bytes) -> None:
    with pytest.raises(NotAPoint):
        check_point(b"A" + point)


def test_a_point_off_the_curve_is_refused() -> None:
    with pytest.raises(NotAPoint):
        check_point(b"A" + (2).to_bytes(32, "little"))


def test_a_point_outside_the_group_is_refused() -> None:
    # The base point and one of order two: on the curve, and of order 2 * L.
    x, y = B
    with pytest.raises(NotAPoint):
        check_point(b"A" + encodepoint([Q - x, Q - y]))


def test_a_good_point_is_one_only_as_it_is_written() -> None:
    good = encodepoint(B)
    check_point(b"A" + good)
    for bad in (b"B" + good, b"S" + good, good, b"A" + good + b"\0", b"A" + good[:-1], b""):
        with pytest.raises(NotAPoint):
            check_point(bad)


def test_the_gateways_own_message_cannot_be_sent_back() -> None:
    reply = Spake2(os.urandom).respond("482913", NODE, GATEWAY, SPAKE2_A(b"482913").start())
    with pytest.raises(NotAPoint):
        respond("482913", reply.message)
    # As the other side's, it is a point like any other, of which the sender knows no key.
    assert respond("482913", b"A" + reply.message[1:]) != reply.key


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=40) | st.binary(min_size=32, max_size=32).map(b"A".__add__))
def test_whatever_is_sent_is_a_message_or_refused(message: bytes) -> None:
    try:
        respond("482913", message)
    except NotAPoint:
        return
    assert len(message) == 33
