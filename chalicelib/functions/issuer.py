"""The issuer: what the API calls for certificates of nodes, and the sweep for the truststore.

It is a function of its own, since its role alone may sign with the authority's key and write what
the front trusts. It believes nothing that it is told: requests and names are read here once more,
and what stands in the table decides.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib.errors import Invalid, PalyraError, Unavailable
from chalicelib.functions.failures import hiding_nothing
from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.issuer import issuer, pairings
from chalicelib.nodes.authority import messages
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.naming import is_device_id, is_owner
from chalicelib.nodes.authority.service import DeviceName
from chalicelib.nodes.pairing import approved

issuers = Blueprint(__name__)
_LONGEST_TEXT = 200
_SEND_TEXT = "send it as a text"

type _Told = Mapping[str, Any]


class _Invocation(NamedTuple):
    told: _Told
    context: Any


@issuers.lambda_function(name="node_issuer")
def node_issuer(event: _Told, context: Any) -> dict[str, Any]:
    """Do what is asked: say who the gateway is, issue, renew, roll the authority over, publish."""
    return _answered(_Invocation(event, context))


@traced
def _answered(invocation: "_Invocation") -> dict[str, Any]:
    try:
        answer = _done(invocation.told)
    except PalyraError as error:
        if isinstance(error, Unavailable):
            _tell(error.detail)
        logger.info("refused", extra={"problem": error.code(), "detail": error.detail})
        return {messages.REFUSAL: messages.of_refusal(error)}
    except Exception as error:
        _tell(f"{type(error).__name__}: {error}")
        raise
    return {messages.ANSWER: answer}


def _tell(why: str) -> None:
    """Raise the incident of an issuer that fails; that it cannot be raised hides nothing."""
    from chalicelib.incidents.store import IncidentStore  # noqa: PLC0415  only a failure loads it
    from chalicelib.nodes.authority.alarm import IssuerAlarm  # noqa: PLC0415  only a failure loads it

    alarm, now = IssuerAlarm(incidents=IncidentStore()), container().clock.now()
    hiding_nothing(partial(alarm.failing, why, now))


def _done(event: object) -> dict[str, Any]:
    if not isinstance(event, Mapping):
        raise Invalid("it is no object", field="event", fix="send an object that says what to do")
    do = _DOING.get(str(event.get("do")))
    if do is None:
        raise Invalid("there is nothing of this name to do", field="do", fix=f"{sorted(_DOING)}")
    return do(event)


def _gateway(_event: _Told) -> dict[str, Any]:
    of = container()
    return messages.of_gateway(issuer(of).gateway(of.clock.now()))


def _issue(event: _Told) -> dict[str, Any]:
    of, device = container(), _device(event)
    request = NodeRequest.read(str(event.get("csr_pem")), device.device_id)
    session_id, now = _text(event, "serial_of"), of.clock.now()
    found = pairings().session(session_id)
    named = approved.device(found.session if found else None, request, device, now)
    return messages.of_certificate(issuer(of).issue(request, named, session_id, now))


def _renew(event: _Told) -> dict[str, Any]:
    of, device, now = container(), _device(event), container().clock.now()
    request = NodeRequest.read(str(event.get("csr_pem")), device.device_id)
    nonce, proof = (_text(event, name) for name in ("nonce", "proof"))
    asked = issuer(of).read_renewal(request, nonce, proof, now)
    issued = issuer(of).renew(asked, device.owner, _text(event, "shown"), now)
    return messages.of_certificate(issued)


def _prepare(event: _Told) -> dict[str, Any]:
    of = container()
    authorities = issuer(of).authorities
    return messages.of_gateway(authorities.prepare(_text(event, "actor"), of.clock.now()))


def _switch(event: _Told) -> dict[str, Any]:
    of = container()
    authorities = issuer(of).authorities
    return messages.of_gateway(authorities.switch(_text(event, "actor"), of.clock.now()))


def _publish(_event: _Told) -> dict[str, Any]:
    of = container()
    return {"retired": list(issuer(of).authorities.keep(of.clock.now()))}


def _device(event: _Told) -> DeviceName:
    told = event.get("device")
    if not isinstance(told, Mapping):
        raise Invalid("it is no object", field="device", fix="send owner and device_id in it")
    device = DeviceName(*(_text(told, name) for name in ("owner", "device_id")))
    if not is_owner(device.owner):
        raise Invalid("it is no owner", field="owner", fix="send that of the pairing")
    if not is_device_id(device.device_id):
        raise Invalid("it is no ULID", field="device_id", fix="send a ULID in upper case")
    return device


def _text(told: _Told, name: str) -> str:
    said = told.get(name)
    if not isinstance(said, str) or not said:
        raise Invalid("it is missing, or no text", field=name, fix=_SEND_TEXT)
    if len(said) > _LONGEST_TEXT:
        raise Invalid("it is too long", field=name, fix=f"send at most {_LONGEST_TEXT} characters")
    return said


_DOING: Mapping[str, Callable[[_Told], dict[str, Any]]] = {
    "gateway": _gateway,
    "issue": _issue,
    "renew": _renew,
    "prepare": _prepare,
    "switch": _switch,
    "publish": _publish,
}
