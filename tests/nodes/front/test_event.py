"""The event that the function gets, and the certificate of the front itself."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from infra.local import server_certificate
from infra.local.nodes_event import Asked, event
from infra.local.nodes_tls import is_taken
from infra.local.place import Place
from tests.nodes.forging import ed25519_key, forged
from tests.nodes.gateway import Gateway

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def asked(target: str = "/v1/nodes/X/whoami?a=1&a=2&b=", body: bytes = b"") -> Asked:
    headers = [("Accept", "a"), ("X-Twice", "1"), ("X-Twice", "2")]
    variables = {"device_id": "X"}
    return Asked("GET", target, headers, body, "/v1/nodes/{device_id}/whoami", variables, "::1")


def test_what_a_client_sends_stands_outside_the_context() -> None:
    made = event(asked(), None, "nodes.example.com")
    assert made["path"] == "/v1/nodes/X/whoami"
    assert made["pathParameters"] == {"device_id": "X"}
    assert made["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert made["multiValueHeaders"] == {"Accept": ["a"], "X-Twice": ["1", "2"]}
    assert made["requestContext"]["domainName"] == "nodes.example.com"
    assert made["requestContext"]["resourcePath"] == "/v1/nodes/{device_id}/whoami"
    assert "clientCert" not in made["requestContext"]["identity"]


@pytest.mark.parametrize(
    ("body", "text", "encoded"), [(b"", None, False), (b"{}", "{}", False), (b"\xff", "/w==", True)]
)
def test_a_body_is_text_or_encoded(body: bytes, text: str | None, *, encoded: bool) -> None:
    made = event(asked(body=body), None, "n")
    assert (made["body"], made["isBase64Encoded"]) == (text, encoded)


def test_the_certificate_is_told_as_api_gateway_tells_it(gateway: Gateway) -> None:
    node = gateway.node()
    told = event(asked(), node.der, "n")["requestContext"]["identity"]["clientCert"]
    assert set(told) == {"clientCertPem", "subjectDN", "issuerDN", "serialNumber", "validity"}
    assert told["clientCertPem"] == node.pem
    assert told["serialNumber"].replace(":", "") == f"{node.certificate.serial_number:040x}"
    assert told["validity"]["notAfter"].endswith(" GMT")


def test_keys_are_taken_as_api_gateway_takes_them(gateway: Gateway) -> None:
    node = gateway.node()
    assert is_taken(node.der)
    assert not is_taken(b"nothing")
    assert not is_taken(forged(gateway, node, key=ed25519_key()))


class TestTheFrontsOwnCertificate:
    def test_it_stays_the_same_until_it_ends_soon(self, place: Place) -> None:
        server_certificate.ensure(place, NOW)
        first = place.nodes_certificate.read_bytes()
        server_certificate.ensure(place, NOW + timedelta(days=700))
        assert place.nodes_certificate.read_bytes() == first
        server_certificate.ensure(place, NOW + timedelta(days=800))
        assert place.nodes_certificate.read_bytes() != first

    def test_its_key_is_its_owners_alone_and_fits(self, place: Place) -> None:
        server_certificate.ensure(place, NOW)
        certificate = x509.load_pem_x509_certificate(place.nodes_certificate.read_bytes())
        key = load_pem_private_key(place.nodes_key.read_bytes(), None)
        assert key.public_key() == certificate.public_key()
        assert stat.S_IMODE(place.nodes_key.stat().st_mode) == 0o600

    @pytest.mark.parametrize("lost", ["nodes_key", "nodes_certificate"])
    def test_both_are_made_again_where_one_is_lost(self, place: Place, lost: str) -> None:
        server_certificate.ensure(place, NOW)
        file: Path = getattr(place, lost)
        file.unlink()
        server_certificate.ensure(place, NOW)
        certificate = x509.load_pem_x509_certificate(place.nodes_certificate.read_bytes())
        key = load_pem_private_key(place.nodes_key.read_bytes(), None)
        assert key.public_key() == certificate.public_key()
