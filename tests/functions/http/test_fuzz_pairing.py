"""Whatever strangers send to pair: it is refused, and nothing breaks."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ulid import ULID

from chalicelib.nodes.pairing import limits, padding
from tests.functions.http.api import Api
from tests.functions.http.test_pairing import GOOD, NOBODY, SESSIONS
from tests.support.fuzzing import examples

FEW = settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
REFUSED = {400, 409, 413, 422, 429}
# With halves of characters, which JSON can hold and UTF-8 cannot.
TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner),
    max_leaves=6,
)
WORDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", max_size=90)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(padding.Padding, "slow", lambda _self: None)
    monkeypatch.setattr(padding, "STEP_SECONDS", 1e-9)
    monkeypatch.setattr(limits, "BEGINS_OF_ADDRESS", 100)


def a_while_later(api: Api) -> None:
    """Let so much time pass that the address may begin again, and nothing is counted for long."""
    api.world.clock.move(timedelta(seconds=1))


def sent(api: Api, path: str, said: Any) -> int:
    a_while_later(api)
    return (
        api.send("POST", path, said, headers=NOBODY)
        if isinstance(said, bytes)
        else api.post(path, said, headers=NOBODY)
    ).status


@FEW
@given(field=st.sampled_from([*GOOD]), value=JSON | WORDS)
def test_a_beginning_with_any_field_is_refused(closed_api: Api, field: str, value: Any) -> None:
    assert sent(closed_api, SESSIONS, GOOD | {field: value}) in REFUSED


@FEW
@given(body=st.dictionaries(st.sampled_from(["confirm", "csr_pem", "x"]) | TEXT, JSON | WORDS))
def test_any_hello_is_refused(closed_api: Api, body: Any) -> None:
    assert sent(closed_api, f"{SESSIONS}/{ULID()}/hello", body) in REFUSED


@FEW
@given(body=st.dictionaries(st.sampled_from(["nonce", "mac", "x"]) | TEXT, JSON | WORDS))
def test_any_claim_is_refused(closed_api: Api, body: Any) -> None:
    assert sent(closed_api, f"{SESSIONS}/{ULID()}/claim", body) in REFUSED


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
    assert sent(closed_api, "/v1/pairing/recover", BACK | {field: value}) in REFUSED


@FEW
@given(raw=st.binary(max_size=80))
@pytest.mark.parametrize("path", [SESSIONS, f"{SESSIONS}/0/hello", "/v1/pairing/recover"])
def test_any_bytes_are_refused(closed_api: Api, path: str, raw: bytes) -> None:
    assert sent(closed_api, path, raw) in REFUSED
