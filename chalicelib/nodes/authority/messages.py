"""What the API and the function `node_issuer` say to each other, as JSON."""

from collections.abc import Mapping
from typing import Any

from chalicelib.clock import read_rfc3339, rfc3339
from chalicelib.errors import Conflict, Fault, Invalid, PalyraError, Unavailable
from chalicelib.nodes.authority.service import Gateway, IssuedCertificate

ANSWER, REFUSAL = "answer", "refusal"
# What the issuer refuses by rules; whatever else goes wrong there is not known to have happened.
_REFUSALS: Mapping[str, type[PalyraError]] = {
    each.code(): each for each in (Conflict, Invalid, Unavailable)
}


def of_certificate(issued: IssuedCertificate) -> dict[str, str]:
    """Return a certificate as a message has it."""
    return {
        "pem": issued.pem,
        "chain_pem": issued.chain_pem,
        "serial": issued.serial,
        "fingerprint": issued.fingerprint,
        "not_before": rfc3339(issued.not_before),
        "not_after": rfc3339(issued.not_after),
    }


def to_certificate(told: Mapping[str, Any]) -> IssuedCertificate:
    """Return the certificate of a message."""
    return IssuedCertificate(
        pem=told["pem"],
        chain_pem=told["chain_pem"],
        serial=told["serial"],
        fingerprint=told["fingerprint"],
        not_before=read_rfc3339(told["not_before"]),
        not_after=read_rfc3339(told["not_after"]),
    )


def of_gateway(gateway: Gateway) -> dict[str, str]:
    """Return a gateway as a message has it."""
    return gateway._asdict()


def to_gateway(told: Mapping[str, Any]) -> Gateway:
    """Return the gateway of a message."""
    return Gateway(told["gateway_id"], told["ca_spki_sha256"], told["ca_pem"])


def of_refusal(error: PalyraError) -> dict[str, Any]:
    """Return an error as a message has it."""
    return {
        "code": error.code(),
        "detail": error.detail,
        "fix": error.fix,
        "faults": [list(fault) for fault in error.faults],
    }


def to_refusal(told: Mapping[str, Any]) -> PalyraError:
    """Return the error of a message."""
    kind = _REFUSALS.get(told["code"], Unavailable)
    faults = [Fault(*fault) for fault in told["faults"]]
    return kind(told["detail"], fix=told["fix"], faults=faults)
