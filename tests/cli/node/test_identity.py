"""The node's key and its certificate: what it is given is held against what it asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.nodes.authority.csr import NodeRequest
from chalicelib.nodes.authority.naming import is_device_id
from chalicelib.nodes.authority.renewal import read
from cli.node import identity, renewing
from cli.node.handshake import Untrusted, written

NAME = "spiffe://gw-1/node/01DEVICE"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_certificate(key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, uri: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    builder = (
        x509.CertificateBuilder()
        .issuer_name(name)
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON)
        .not_valid_after(NOON + timedelta(days=1))
    )
    if uri:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


KEY, AUTHORITY, OTHER = identity.new_key(), identity.new_key(), identity.new_key()
CA = a_certificate(AUTHORITY, AUTHORITY, "")
ITS = a_certificate(KEY, AUTHORITY, NAME)


def test_a_certificate_that_was_asked_for_is_taken() -> None:
    made = identity.issued(ITS, CA, KEY, NAME, identity.spki_sha256(AUTHORITY))
    assert made.public_key() == KEY.public_key()


@pytest.mark.parametrize(
    ("certificate", "ca", "told"),
    [
        (a_certificate(OTHER, AUTHORITY, NAME), CA, "another key"),
        (a_certificate(KEY, AUTHORITY, NAME + "2"), CA, "another device"),
        (a_certificate(KEY, OTHER, NAME), CA, "not of the authority"),
        (a_certificate(KEY, OTHER, NAME), a_certificate(OTHER, OTHER, ""), "another authority"),
        (a_certificate(KEY, AUTHORITY, ""), CA, "not of the authority"),
        ("", CA, "not of the authority"),
        (ITS, "-----BEGIN CERTIFICATE-----", "not of the authority"),
    ],
)
def test_any_other_certificate_is_not_believed(certificate: str, ca: str, told: str) -> None:
    with pytest.raises(Untrusted, match=told):
        identity.issued(certificate, ca, KEY, NAME, identity.spki_sha256(AUTHORITY))


def test_a_request_is_one_that_the_gateway_takes() -> None:
    request = NodeRequest.read(identity.request(KEY), "01DEVICE")
    assert request.public_key_sha256 == identity.spki_sha256(KEY).hex()
    nonce = written(bytes(32))
    proof = identity.renewal_proof(KEY, "gw-1", "01DEVICE", nonce)
    assert read("gw-1", request, nonce, proof).nonce == nonce


def test_a_device_makes_a_name_that_the_gateway_takes() -> None:
    names = [identity.new_device_id() for _ in range(100)]
    assert all(map(is_device_id, names))
    assert len(set(names)) == 100


def test_a_key_is_read_as_it_was_kept() -> None:
    assert identity.read_key(identity.key_pem(KEY)).private_numbers() == KEY.private_numbers()


def test_a_key_of_another_kind_is_not_used() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ValueError, match="P-256"):
        identity.read_key(pem)


@given(chance=st.floats(0, 1), hours=st.integers(1, 10_000))
def test_a_renewal_is_due_from_half_of_its_life_and_not_for_all_at_once(
    chance: float, hours: int
) -> None:
    life = timedelta(hours=hours)
    at = renewing.due(NOON + life / 2, NOON + life, chance)
    assert NOON + life * 0.4999 <= at <= NOON + life * 0.6001


def test_the_gateways_time_goes_on_by_the_stopwatch() -> None:
    seconds = [100.0]
    clock = renewing.GatewayClock(lambda: seconds[0])
    assert clock.now() is None
    clock.set(NOON)
    seconds[0] += 60
    assert clock.now() == NOON + timedelta(minutes=1)
