"""`/v1/pairing/recover`: how a device comes back whose certificate has ended.

The nodes origin lets it in no more, so it comes by the API, without a token. What is refused is
refused as in every pairing: alike, whatever the reason is.
"""

from http import HTTPStatus

from chalice.app import Blueprint, Request

from chalicelib.errors import Unavailable
from chalicelib.functions.http import body, pairing_views, render_pairing
from chalicelib.functions.http.operation import Answer, Operation, operation
from chalicelib.functions.http.origin import origin
from chalicelib.functions.http.pairing_models import PairingRecovery, PairingRecoveryBegin
from chalicelib.functions.http.problem import answers
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing as runtime
from chalicelib.nodes.pairing.recovering import Recover
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown

recovery = Blueprint(__name__)


def _request() -> Request:
    return recovery.current_request


@recovery.route("/v1/pairing/recoveries", methods=["POST"])
@answers
@operation(
    _request,
    Operation(
        answers={HTTPStatus.CREATED: "What the last key has to sign, within five minutes."},
        body=PairingRecoveryBegin,
        may_be_empty=True,
        errors=(SlowDown, Unavailable),
        is_open=True,
    ),
)
def begin_recovery() -> Answer[pairing_views.RecoveryBegun]:
    """Give what a device has to sign that comes back after its certificate has ended."""
    body.read(_request().raw_body or b"{}", PairingRecoveryBegin)
    made = runtime(container()).recovery.begin(origin(_request()))
    return Answer(render_pairing.recovery_begun(made), status=HTTPStatus.CREATED)


@recovery.route("/v1/pairing/recover", methods=["POST"])
@answers
@operation(
    _request,
    Operation(
        answers={HTTPStatus.ACCEPTED: "The last key is proven; an operator is asked."},
        body=PairingRecovery,
        errors=(PairingUnavailable, SlowDown, Unavailable),
        is_open=True,
    ),
)
def recover_node() -> Answer[pairing_views.NodeReturned]:
    """Ask for the next certificate with the last key, up to seven days after its end."""
    said = body.read(_request().raw_body, PairingRecovery)
    asked = Recover(
        nonce=said.nonce,
        device_id=said.device_id,
        certificate_pem=said.certificate_pem,
        csr_pem=said.csr_pem,
        proof=said.proof,
    )
    returned = runtime(container()).recovery.recover(asked, origin(_request()))
    return Answer(render_pairing.returned(returned), status=HTTPStatus.ACCEPTED)
