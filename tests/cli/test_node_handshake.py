"""The node's side of a pairing: what is typed and scanned, and whom it believes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.node import handshake as node

QR = "gwpair:1?g=gw-1&u=https%3A%2F%2Fapi.example.com&c=K7QM&s={s}&ca={ca}"
BYTES = node.written(bytes(32))


@pytest.mark.parametrize(
    ("code", "pin"),
    [("K7QM", "482913"), ("k7qm", "482 913"), (" K7-QM ", "482-913"), ("K7QM", " 4 8 2 9 1 3 ")],
)
def test_what_a_person_types_is_read_as_it_is_meant(code: str, pin: str) -> None:
    assert node.typed(code, pin) == node.Told("pin", "K7QM", b"482913")


def test_letters_that_look_like_digits_are_these() -> None:
    assert node.typed("oil1", "000000").code_id == "0111"


@pytest.mark.parametrize(
    "pin",
    ["", "12345", "1234567", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "١٢٣٤٥٦", "12.456"],
)
def test_what_is_no_pin_is_told_and_never_sent(pin: str) -> None:
    with pytest.raises(node.NotACode, match="six digits"):
        node.typed("K7QM", pin)


@pytest.mark.parametrize("code", ["", "K7Q", "K7QMM", "K7QU", "K7Q\u212a"])
def test_what_is_no_code_is_told(code: str) -> None:
    with pytest.raises(node.NotACode, match="four"):
        node.typed(code, "482913")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com",
        "gwpair:2?g=1",
        "gwpair:1?g=gw-1",
        QR.format(s="short", ca=BYTES),
        QR.format(s=BYTES, ca="!"),
        QR.format(s=BYTES, ca=BYTES) + "&s=" + BYTES,
        QR.format(s=BYTES, ca=BYTES) + "&more=1",
        QR.format(s=BYTES, ca=BYTES).replace("K7QM", "K7Q"),
    ],
)
def test_what_is_no_qr_code_of_palyra_is_told(text: str) -> None:
    with pytest.raises(node.NotACode):
        node.scanned(text)


@given(st.text(max_size=80) | st.text(max_size=80).map(lambda it: f"gwpair:1?{it}"))
def test_any_text_is_a_code_or_told(text: str) -> None:
    try:
        node.scanned(text)
    except node.NotACode:
        return
    raise AssertionError(text)


@given(
    answer=st.dictionaries(
        st.sampled_from(["session_id", "msg_b", "gateway_id", "ca_spki_sha256"]),
        st.text(max_size=50) | st.none() | st.binary(min_size=32, max_size=33).map(node.written),
    )
)
@pytest.mark.parametrize("method", ["pin", "qr"])
def test_any_answer_is_distrusted_or_leads_to_a_proof(
    method: str, answer: dict[str, str | None]
) -> None:
    told = (
        node.typed("K7QM", "482913")
        if method == "pin"
        else node.scanned(QR.format(s=BYTES, ca=BYTES))
    )
    made = node.Handshake(told, node.Device("01DEVICE", "cli", bytes(32)), os.urandom)
    made.begin()
    try:
        proving = made.answered(answer)
    except node.Untrusted:
        return
    with pytest.raises(node.Untrusted):
        proving.trust("")


def test_nothing_of_a_handshake_is_shown() -> None:
    told = node.typed("K7QM", "482913")
    made = node.Handshake(told, node.Device("01DEVICE", "cli", bytes(32)), os.urandom)
    made.begin()
    assert "482913" not in repr(told) + repr(made)


def test_every_attempt_sends_another_message() -> None:
    told = node.typed("K7QM", "482913")
    device = node.Device("01DEVICE", "cli", bytes(32))
    sent = {node.Handshake(told, device, os.urandom).begin()["msg_a"] for _ in range(3)}
    assert len(sent) == 3
