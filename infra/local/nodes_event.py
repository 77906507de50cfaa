"""The event that API Gateway makes of a request to a REST API with mutual TLS (payload version 1).

What a client sends stands in headers, path and body; what the gateway knows stands in
`requestContext`, where no client can write.
"""

import base64
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_STAGE = "api"
_VALIDITY = "%b %d %H:%M:%S %Y GMT"


class Asked(NamedTuple):
    """A request as it came.

    Attributes:
        target: path and query.
        resource: the route's path, with its variables.
        variables: what these stand for.
        address: where it came from.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    resource: str
    variables: Mapping[str, str]
    address: str


def event(asked: Asked, certificate: bytes | None, domain: str) -> dict[str, Any]:
    """Return the event of a request.

    Args:
        asked: the request.
        certificate: the client's, as DER; None where the domain asks for none.
        domain: the name of the domain that it came by.
    """
    path, _, query = asked.target.partition("?")
    text, is_encoded = _body(asked.body)
    return {
        "resource": asked.resource,
        "path": path,
        "httpMethod": asked.method,
        "headers": dict(asked.headers) or None,
        "multiValueHeaders": _grouped(asked.headers) or None,
        "queryStringParameters": dict(_query(query)) or None,
        "multiValueQueryStringParameters": _grouped(_query(query)) or None,
        "pathParameters": dict(asked.variables) or None,
        "stageVariables": None,
        "requestContext": _context(asked, path, certificate, domain),
        "body": text,
        "isBase64Encoded": is_encoded,
    }


def client_cert(certificate: bytes) -> dict[str, Any]:
    """Return how the gateway tells of a client's certificate.

    The PEM is the certificate; the rest is for people.
    """
    read = x509.load_der_x509_certificate(certificate)
    serial = read.serial_number.to_bytes((read.serial_number.bit_length() + 7) // 8 or 1, "big")
    return {
        "clientCertPem": read.public_bytes(Encoding.PEM).decode(),
        "subjectDN": read.subject.rfc4514_string(),
        "issuerDN": read.issuer.rfc4514_string(),
        "serialNumber": serial.hex(":"),
        "validity": {
            "notBefore": read.not_valid_before_utc.strftime(_VALIDITY),
            "notAfter": read.not_valid_after_utc.strftime(_VALIDITY),
        },
    }


def _context(asked: Asked, path: str, certificate: bytes | None, domain: str) -> dict[str, Any]:
    agent = next((value for name, value in asked.headers if name.lower() == "user-agent"), None)
    identity: dict[str, Any] = {"sourceIp": asked.address, "userAgent": agent}
    if certificate is not None:
        identity["clientCert"] = client_cert(certificate)
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "httpMethod": asked.method,
        "identity": identity,
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "resourceId": "local",
        "resourcePath": asked.resource,
        "stage": _STAGE,
    }


def _query(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _body(body: bytes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True
