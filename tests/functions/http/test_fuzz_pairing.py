"""Whatever strangers send to pair: it is refused, and nothing breaks."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from chalicelib.nodes.pairing import padding
from cli.node import handshake as node
from tests.functions.http.api import Api
from tests.functions.http.test_pairing import GOOD, NOBODY, SESSIONS, minted
from tests.support.fuzzing import examples

FEW = settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
REFUSED = {400, 409, 413, 422, 429}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", max_size=90)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)
    monkeypatch.setattr("chalicelib.nodes.pairing.limits.BEGINS_OF_ADDRESS", 10**6)


@FEW
@given(field=st.sampled_from([*GOOD]), value=JSON | WORDS)
def test_a_beginning_with_any_field_is_refused(closed_api: Api, field: str, value: Any) -> None:
    reply = closed_api.post(SESSIONS, GOOD | {field: value}, headers=NOBODY)
    assert reply.status in REFUSED


@FEW
@given(message=st.binary(min_size=33, max_size=33))
def test_any_message_of_the_right_length_is_refused_or_begins(
    closed_api: Api, message: bytes
) -> None:
    code = minted(closed_api)["code_id"]
    said = GOOD | {"code_id": code, "msg_a": node.written(b"A" + message[1:])}
    assert closed_api.post(SESSIONS, said, headers=NOBODY).status in REFUSED | {201}
    closed_api.send("DELETE", f"/v1/pairing/codes/{code}")


@FEW
@given(body=st.dictionaries(st.sampled_from(["confirm", "csr_pem", "x"]), JSON | WORDS))
def test_any_hello_is_refused(closed_api: Api, body: Any) -> None:
    reply = closed_api.post(f"{SESSIONS}/{ULID()}/hello", body, headers=NOBODY)
    assert reply.status in REFUSED


@FEW
@given(body=st.dictionaries(st.sampled_from(["nonce", "mac", "x"]), JSON | WORDS))
def test_any_claim_is_refused(closed_api: Api, body: Any) -> None:
    reply = closed_api.post(f"{SESSIONS}/{ULID()}/claim", body, headers=NOBODY)
    assert reply.status in REFUSED


BACK = {
    "v": 1,
    "device_id": GOOD["device_id"],
    "nonce": "A" * 43,
    "certificate_pem": "none",
    "csr_pem": "none",
    "proof": "A" * 96,
}


@FEW
@given(field=st.sampled_from([*BACK]), value=JSON | WORDS)
def test_a_way_back_with_any_field_is_refused(closed_api: Api, field: str, value: Any) -> None:
    reply = closed_api.post("/v1/pairing/recover", BACK | {field: value}, headers=NOBODY)
    assert reply.status in REFUSED


@FEW
@given(raw=st.binary(max_size=80))
@pytest.mark.parametrize("path", [SESSIONS, f"{SESSIONS}/0/hello", "/v1/pairing/recover"])
def test_any_bytes_are_refused(closed_api: Api, path: str, raw: bytes) -> None:
    assert closed_api.send("POST", path, raw, headers=NOBODY).status in REFUSED


@FEW
@given(csr=st.text(max_size=400))
def test_any_text_in_place_of_a_request_ends_the_session(closed_api: Api, csr: str) -> None:
    body = {"confirm": "A" * 43, "csr_pem": csr}
    path = f"{SESSIONS}/{ULID()}/hello"
    assert closed_api.post(path, body, headers=NOBODY).status in REFUSED
