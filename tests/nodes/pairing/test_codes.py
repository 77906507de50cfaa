"""Codes: what operators mint, how many, and for how long."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Conflict, Denied, Invalid, NotFound
from chalicelib.nodes.pairing.code import CODE_ID, mint_id, mint_secret
from chalicelib.nodes.pairing.limits import CODES_OF_OPERATOR
from chalicelib.nodes.pairing.method import PairingMethod
from cli.node import handshake as node
from tests.nodes.pairing.pairing_world import URL, Pairing, at_once


def test_a_pin_has_six_digits_and_a_qr_code_says_all(pairing: Pairing) -> None:
    pin, qr = pairing.mint(), pairing.mint("qr")
    assert pin.qr is None
    assert pin.pin is not None
    assert (len(pin.pin), pin.pin.isdigit()) == (6, True)
    assert qr.pin is None
    told = node.scanned(qr.qr or "")
    gateway = pairing.issuer.gateway(pairing.clock.now())
    assert (told.code_id, told.url, told.gateway_id) == (qr.code.id, URL, gateway.gateway_id)
    assert told.ca_spki_sha256.hex() == gateway.ca_spki_sha256
    assert len(parse_qs((qr.qr or "").partition("?")[2])["s"][0]) == 43


def test_a_secret_is_shown_once_and_in_no_words(pairing: Pairing) -> None:
    pin, qr = pairing.mint(), pairing.mint("qr")
    secret = parse_qs((qr.qr or "").partition("?")[2])["s"][0]
    listed = repr(pairing.runtime.codes.list("main"))
    assert pin.pin not in (repr(pin), listed)
    assert (pin.pin or "") not in repr(pin).replace(pin.code.serial, "")
    assert secret not in repr(qr) + listed


def test_an_operator_has_ten_codes_at_a_time(pairing: Pairing) -> None:
    for _ in range(CODES_OF_OPERATOR):
        last = pairing.mint()
    with pytest.raises(Conflict):
        pairing.mint()
    pairing.mint(by="token:other")
    pairing.runtime.codes.revoke("main", "token:laptop", last.code.id)
    pairing.mint()
    pairing.clock.move(timedelta(minutes=10))
    assert pairing.runtime.codes.list("main") == []
    pairing.mint()


def test_codes_minted_at_once_are_no_more_than_ten(pairing: Pairing) -> None:
    def mint(_number: int) -> bool:
        try:
            pairing.mint()
        except Conflict:
            return False
        return True

    with at_once(4) as pool:
        minted = sum(pool.map(mint, range(14)))
    assert minted == CODES_OF_OPERATOR == len(pairing.runtime.codes.list("main"))


def test_the_id_of_a_live_code_is_never_minted_again(
    pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter(["K7QM", "K7QM", "K7QN"])
    monkeypatch.setattr("chalicelib.nodes.pairing.minting.mint_id", lambda _random: next(ids))
    assert [pairing.mint().code.id, pairing.mint().code.id] == ["K7QM", "K7QN"]


def test_a_code_of_another_owner_cannot_be_ended(pairing: Pairing) -> None:
    minted = pairing.mint()
    for owner, code_id in (("other", minted.code.id), ("main", "ZZZZ")):
        with pytest.raises(NotFound):
            pairing.runtime.codes.revoke(owner, "token:laptop", code_id)
    pairing.runtime.codes.revoke("main", "token:laptop", minted.code.id)
    with pytest.raises(NotFound):
        pairing.runtime.codes.revoke("main", "token:laptop", minted.code.id)
    assert len(pairing.events("pairing.code_revoked")) == 1


@pytest.mark.parametrize("seconds", [0, 29, 3601])
def test_a_code_lasts_half_a_minute_to_an_hour(pairing: Pairing, seconds: int) -> None:
    with pytest.raises(Invalid) as refused:
        pairing.mint(lasts=timedelta(seconds=seconds))
    assert refused.value.faults[0].field == "ttl_s"


def test_codes_to_be_scanned_can_be_switched_off(pairing: Pairing) -> None:
    pairing.runtime.codes.allows_qr = False
    with pytest.raises(Denied):
        pairing.mint("qr")
    pairing.mint()


def test_who_minted_what_stands_in_the_journal_and_no_secret(pairing: Pairing) -> None:
    minted = pairing.mint()
    (event,) = pairing.events("pairing.code_minted")
    assert minted.code.id in event.content
    assert f'"{minted.pin}"' not in event.content
    assert "garage pi" not in event.content  # Personal, so sealed.


@given(st.binary(min_size=4, max_size=4))
def test_every_id_is_one_of_crockfords(random: bytes) -> None:
    assert CODE_ID.fullmatch(mint_id(lambda _size: random))


def test_every_pin_is_as_likely_as_the_others() -> None:
    # What is above the last whole million is drawn again, not folded onto the first PINs.
    drawn = iter([b"\xff\xff\xff", b"\x0f\x42\x40", b"\x00\x00\x2a"])
    sizes = []

    def random_bytes(size: int) -> bytes:
        sizes.append(size)
        return next(drawn)

    assert mint_secret(PairingMethod.PIN, random_bytes).pin == "000000"
    assert sizes == [3, 3]
