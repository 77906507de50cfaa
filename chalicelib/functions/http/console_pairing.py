"""The console's page of pairing: mint a code, look at who asks by it, approve or reject.

The secret of a code is in the one answer that minted it: never in an address, never kept by the
browser, gone when the page is loaded again.
"""

from http import HTTPStatus

from chalice.app import Blueprint, Request, Response

from chalicelib.access.service import Principal
from chalicelib.console.pairing import pairing_page
from chalicelib.errors import PalyraError
from chalicelib.functions.http import forms
from chalicelib.functions.http.api_url import api_url
from chalicelib.functions.http.auth import require
from chalicelib.functions.http.body import fit
from chalicelib.functions.http.console_frame import (
    ACTOR,
    FORM,
    OWNER,
    failed,
    local_only,
    page,
    refuse_other_sites,
    see_other,
    shown,
    unkept,
)
from chalicelib.functions.http.identifier import identifier
from chalicelib.functions.http.node_identifier import code
from chalicelib.functions.http.pairing_models import (
    NewPairingCode,
    PairingApproval,
    PairingRejection,
)
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing as runtime
from chalicelib.nodes.pairing.minting import Minted
from chalicelib.policy.request import Role

_HOME, _PATH = "./", "/pairing"
_DECISION = ("request_id", "version", "identity_fingerprint", "sas", "replaces", "reason")
_FORMS = {
    "mint": ("method", "client_kind", "ttl_s", "label"),
    "end": ("code_id",),
    "approve": _DECISION,
    "reject": _DECISION,
}
_ACTIONS = {
    "mint": "mint_pairing_code",
    "end": "revoke_pairing_code",
    "approve": "approve_pairing_request",
    "reject": "reject_pairing_request",
}

console_pairing = Blueprint(__name__)


def _request() -> Request:
    return console_pairing.current_request


@console_pairing.route(_PATH, methods=["GET"])
@local_only
@page(_HOME, _request)
def show_pairing() -> str:
    """Show who asks to be paired, and the codes that can be used."""
    return _page()


@console_pairing.route(_PATH, methods=["POST"], content_types=[FORM])
@local_only
def change_pairing() -> Response:
    """Mint or end a code, approve or reject a request."""
    refuse_other_sites(_request())
    try:
        minted = _done()
    except PalyraError as error:
        return _refused(error)
    if minted is None:
        return see_other("./pairing")
    try:
        return unkept(_page(minted=minted), HTTPStatus.OK)
    except PalyraError as error:
        # The secret is lost with this answer, and the code of no use to anybody.
        return failed(_HOME, error)


def _done() -> Minted | None:
    """Do what the form asks for; return the code that it minted, if it did."""
    do, fields = forms.read(_request().raw_body, _FORMS)
    named = {"end": "code_id", "approve": "request_id", "reject": "request_id"}.get(do, "")
    require(Principal(OWNER, ACTOR, Role.ADMIN), _ACTIONS[do], fields.get(named, ""))
    if do == "mint":
        return _mint({**fields, "ttl_s": forms.whole(fields, "ttl_s")})
    if do == "end":
        _end(fields.get("code_id", ""))
    else:
        # One that was left empty is one that was not given.
        given = {name: value for name, value in fields.items() if value.strip()}
        _decide(do, {**given, "version": forms.whole(fields, "version")})
    return None


def _mint(fields: dict[str, object]) -> Minted:
    new = fit(fields, NewPairingCode).code(api_url(_request(), _PATH))
    return runtime(container()).codes.mint(OWNER, ACTOR, new)


def _end(code_id: str) -> None:
    runtime(container()).codes.revoke(OWNER, ACTOR, code(code_id))


def _decide(do: str, fields: dict[str, object]) -> None:
    request_id = identifier(str(fields.pop("request_id", "")), "pairing request")
    requests = runtime(container()).requests
    if do == "reject":
        told = {name: fields[name] for name in ("version", "reason") if name in fields}
        rejection = fit(told, PairingRejection)
        requests.reject(OWNER, ACTOR, request_id, rejection.version, rejection.reason)
        return
    requests.approve(OWNER, ACTOR, request_id, fit(fields, PairingApproval).approval())


def _refused(error: PalyraError) -> Response:
    try:
        return unkept(_page(refused=error), error.status)
    except PalyraError as worse:
        return failed(_HOME, worse)


def _page(minted: Minted | None = None, refused: PalyraError | None = None) -> str:
    of = container()
    found = pairing_page(runtime(of), OWNER, of.clock.now(), minted, refused)
    return shown("pairing", _HOME, found)
