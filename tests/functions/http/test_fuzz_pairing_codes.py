"""Whatever strangers send to pair with a code that there is: it is refused, and nothing breaks."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.node import handshake as node
from tests.functions.http.api import Api
from tests.functions.http.test_fuzz_pairing import FEW, REFUSED, at_once, sent
from tests.functions.http.test_pairing import CODES, GOOD, SESSIONS, a_device, minted
from tests.support.fuzzing import examples

__all__ = ["at_once"]
# What mints a code for each example takes a hundred times as long as what is refused at once. What
# these send is also drawn as often as all else where it is read: test_pake.py and test_csr.py.
LONG = settings(FEW, max_examples=min(examples(20), 300))


@LONG
@given(message=st.binary(min_size=33, max_size=33))
def test_any_message_of_the_right_length_is_refused_or_begins(
    closed_api: Api, message: bytes
) -> None:
    code = minted(closed_api)["code_id"]
    said = GOOD | {"code_id": code, "msg_a": node.written(b"A" + message[1:])}
    assert sent(closed_api, SESSIONS, said) in REFUSED | {201}
    closed_api.send("DELETE", f"{CODES}/{code}")


@LONG
@given(csr=st.text(max_size=400))
def test_any_text_in_place_of_a_request_ends_the_session(closed_api: Api, csr: str) -> None:
    device = a_device(closed_api, method="qr")
    closed_api.world.clock.move(timedelta(seconds=1))
    assert device.begin().status == 201
    # The proof is right, so that it is the request for a certificate that is looked at.
    assert device.hello(csr_pem=csr).status == 409
    assert device.hello().status == 409
    closed_api.send("DELETE", f"{CODES}/{device.told.code_id}")
