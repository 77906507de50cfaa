"""The console's pages of nodes: the devices, what each may do, and how it is thrown out."""

from chalice.app import Blueprint, Request, Response

from chalicelib.access.service import Principal
from chalicelib.console.nodes import NodesPages, missing
from chalicelib.console.pairing import refusal
from chalicelib.errors import PalyraError
from chalicelib.functions.http import cursor, forms
from chalicelib.functions.http.auth import require
from chalicelib.functions.http.body import fit
from chalicelib.functions.http.capability_models import CapabilityGrant
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
from chalicelib.functions.http.node_identifier import capability
from chalicelib.functions.http.node_models import NodeDecision
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring import capabilities as wiring
from chalicelib.functions.wiring import nodes as nodes_wiring
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.pairing import pairing
from chalicelib.nodes.authority.naming import is_device_id
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.policy.request import Role
from chalicelib.redaction import refuse_secrets

_HOME, _BELOW = "./", "../"
_FORMS = {
    "grant": ("name", "terms_sha256"),
    "ungrant": ("name",),
    "rotate": (),
    "revoke": ("reason",),
    "clear": ("reason",),
}
_ACTIONS = {
    "grant": "grant_capability",
    "ungrant": "revoke_capability",
    "rotate": "rotate_node",
    "revoke": "revoke_node",
    "clear": "clear_node",
}

console_nodes = Blueprint(__name__)


def _request() -> Request:
    return console_nodes.current_request


@console_nodes.route("/nodes", methods=["GET"])
@local_only
@page(_HOME, _request)
def show_nodes() -> str:
    """Show the devices, and who signs for them."""
    query = cursor.read(_request().query_params)
    asking = len(pairing(container()).requests.list(OWNER))
    found = _pages().nodes(query.after, query.limit, asking)
    return shown("nodes", _HOME, found, cursor.encode(found.older))


@console_nodes.route("/nodes/{device_id}", methods=["GET"])
@local_only
@page(_BELOW, _request)
def show_node(device_id: str) -> str:
    """Show a device: its certificates, what it may do and what it was asked."""
    return shown("node", _BELOW, _pages().node(_device(device_id)))


@console_nodes.route("/nodes/{device_id}", methods=["POST"], content_types=[FORM])
@local_only
def change_node(device_id: str) -> Response:
    """Let a device do something or not, renew, be thrown out, or be paired again."""
    refuse_other_sites(_request())
    try:
        _change(_device(device_id))
    except PalyraError as error:
        return _refused(device_id, error)
    return see_other(f"./{device_id}")


def _change(device_id: str) -> None:
    do, fields = forms.read(_request().raw_body, _FORMS)
    if do in {"grant", "ungrant"}:
        name = capability(fields.get("name", ""))
        require(_operator(), _ACTIONS[do], f"{device_id}/{name}")
        _let(do, device_id, name, fields.get("terms_sha256", ""))
    else:
        require(_operator(), _ACTIONS[do], device_id)
        # One that was left empty is one that was not given.
        told = {name: value for name, value in fields.items() if value.strip()}
        _move(do, device_id, fit(told, NodeDecision).reason)


def _let(do: str, device_id: str, name: str, terms: str) -> None:
    service = wiring.capabilities(container())
    if do == "grant":
        # What is granted is what was seen, and nothing else.
        asked = fit({"terms_sha256": terms}, CapabilityGrant)
        service.grant(OWNER, device_id, name, asked.terms_sha256 or "", ACTOR)
    else:
        service.revoke(OWNER, device_id, name, ACTOR)


def _move(do: str, device_id: str, reason: str) -> None:
    refuse_secrets("reason", reason)
    of = container()
    devices = nodes_wiring.devices(of)
    if do == "rotate":
        devices.rotate(OWNER, device_id, ACTOR, of.clock.now())
        return
    change = devices.revoke if do == "revoke" else devices.clear
    change(OWNER, device_id, reason, ACTOR, of.clock.now())


def _refused(device_id: str, error: PalyraError) -> Response:
    try:
        found = _pages().node(_device(device_id), refusal(error))
        return unkept(shown("node", _BELOW, found), error.status)
    except PalyraError as worse:
        return failed(_BELOW, worse)


def _pages() -> NodesPages:
    of = container()
    return NodesPages(
        devices=nodes_wiring.devices(of),
        capabilities=wiring.capabilities(of),
        invoker=wiring.invoker(of),
        heartbeats=api.heartbeats(of),
        authorities=AuthorityStore(),
        owner=OWNER,
        now=of.clock.now(),
    )


def _operator() -> Principal:
    return Principal(OWNER, ACTOR, Role.ADMIN)


def _device(text: str) -> str:
    if not is_device_id(text):
        raise missing(text)
    return text
