"""The issuer: what the API calls for certificates of nodes.

It is a function of its own, since its role alone may sign with the authority's key. It believes
nothing that it is told: requests and names are read here once more, and what stands in the table
decides.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from chalice.app import Blueprint

from chalicelib.errors import Invalid, PalyraError, Unavailable
from chalicelib.functions.failures import hiding_nothing
from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.issuer import issuer
from chalicelib.nodes.authority import messages
from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.naming import is_device_id, is_owner
from chalicelib.nodes.authority.service import DeviceName

issuers = Blueprint(__name__)
_LONGEST_SERIAL_OF = 200

type _Told = Mapping[str, Any]


class _Invocation(NamedTuple):
    told: _Told
    context: Any


@issuers.lambda_function(name="node_issuer")
def node_issuer(event: _Told, context: Any) -> dict[str, Any]:
    """Do what the API asks: say who the gateway is, issue, renew, or roll the authority over."""
    return _answered(_Invocation(event, context))


@traced
def _answered(invocation: "_Invocation") -> dict[str, Any]:
    event = invocation.told
    do = _DOING.get(str(event.get("do")), _nothing)
    try:
        answer = do(event)
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


def _nothing(_event: _Told) -> dict[str, Any]:
    raise Invalid("there is nothing of this name to do", field="do", fix=f"{sorted(_DOING)}")


def _gateway(_event: _Told) -> dict[str, Any]:
    of = container()
    return messages.of_gateway(issuer(of).gateway(of.clock.now()))


def _issue(event: _Told) -> dict[str, Any]:
    of, device = container(), _device(event)
    request = NodeRequest.read(event["csr_pem"], device.device_id)
    serial_of = str(event["serial_of"])
    if not 0 < len(serial_of) <= _LONGEST_SERIAL_OF:
        raise Invalid("it is empty or too long", field="serial_of", fix="send a session's id")
    issued = issuer(of).issue(request, device, serial_of, of.clock.now())
    return messages.of_certificate(issued)


def _renew(event: _Told) -> dict[str, Any]:
    of, device, now = container(), _device(event), container().clock.now()
    request = NodeRequest.read(event["csr_pem"], device.device_id)
    asked = issuer(of).read_renewal(request, str(event["nonce"]), str(event["proof"]), now)
    issued = issuer(of).renew(asked, device.owner, str(event["shown"]), now)
    return messages.of_certificate(issued)


def _prepare(event: _Told) -> dict[str, Any]:
    of = container()
    authorities = issuer(of).authorities
    return messages.of_gateway(authorities.prepare(str(event["actor"]), of.clock.now()))


def _switch(event: _Told) -> dict[str, Any]:
    of = container()
    authorities = issuer(of).authorities
    return messages.of_gateway(authorities.switch(str(event["actor"]), of.clock.now()))


def _device(event: _Told) -> DeviceName:
    device = DeviceName(**{name: str(value) for name, value in event["device"].items()})
    if not is_owner(device.owner):
        raise Invalid("it is no owner", field="owner", fix="send that of the pairing")
    if not is_device_id(device.device_id):
        raise Invalid("it is no ULID", field="device_id", fix="send a ULID in upper case")
    return device


_DOING: Mapping[str, Callable[[_Told], dict[str, Any]]] = {
    "gateway": _gateway,
    "issue": _issue,
    "renew": _renew,
    "prepare": _prepare,
    "switch": _switch,
}
