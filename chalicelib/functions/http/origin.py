"""Origin: where a request of a device came from that is not known yet."""

from collections.abc import Mapping

from chalice.app import Request

from chalicelib.nodes.pairing.session import Origin

_ADDRESS_CHARACTERS, _AGENT_CHARACTERS = 64, 120


def origin(request: Request) -> Origin:
    """Return where a request came from, as the gateway and not as a header says."""
    identity = (request.context or {}).get("identity")
    address = identity.get("sourceIp") if isinstance(identity, Mapping) else None
    return Origin(
        _shown(address, _ADDRESS_CHARACTERS) or "unknown",
        _shown(request.headers.get("user-agent"), _AGENT_CHARACTERS),
    )


def _shown(said: object, most: int) -> str:
    text = said if isinstance(said, str) else ""
    return "".join(each for each in text[:most] if each.isprintable())
