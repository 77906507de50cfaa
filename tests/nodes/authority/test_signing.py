"""The authority's key under one contract, in KMS and in a file, and what it signs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from chalicelib.errors import Unavailable
from chalicelib.nodes.authority import profile
from chalicelib.nodes.authority.naming import NodeName, gateway_id
from chalicelib.nodes.authority.signing import (
    CaSigner,
    assembled,
    authority_certificate,
    signed,
)
from chalicelib.signing import FileSigner, KmsKey
from tests.nodes.gateway import new_key

NOW = datetime(2026, 11, 22, 12, 0, 0, 999_999, tzinfo=UTC)
GATEWAY = gateway_id(bytes(8))
NAME = NodeName(GATEWAY, "01JDABCDEFGHJKMNPQRSTVWXYZ")


@pytest.fixture(params=["kms", "file"])
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaSigner]:
    with mock_aws():
        kms = boto3.client("kms")
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        kms.create_alias(
            AliasName="alias/palyra-local-nodes-a", TargetKeyId=key["KeyMetadata"]["KeyId"]
        )
        yield KmsKey("nodes-a") if request.param == "kms" else FileSigner(tmp_path / "a.pem")


def leaf(key: ec.EllipticCurvePrivateKey | None = None, serial: int = 1 << 158) -> profile.Leaf:
    return profile.Leaf("main", NAME, (key or new_key()).public_key(), serial, NOW)


def test_a_leaf_is_what_the_profile_says(signer: CaSigner) -> None:
    authority = authority_certificate(GATEWAY, signer, 1 << 158, NOW)
    made = signed(profile.node_builder(leaf(), authority), signer, authority)

    made.verify_directly_issued_by(authority)
    verifier = PolicyBuilder().store(Store([authority])).time(NOW).build_client_verifier()
    verifier.verify(made, [])
    assert made.not_valid_before_utc == NOW.replace(microsecond=0) - timedelta(minutes=5)
    assert made.not_valid_after_utc == NOW.replace(microsecond=0) + timedelta(hours=24)
    assert isinstance(made.signature_hash_algorithm, hashes.SHA256)
    assert {each.oid._name: each.critical for each in made.extensions} == {
        "basicConstraints": True,
        "keyUsage": True,
        "extendedKeyUsage": False,
        "subjectAltName": False,
        "subjectKeyIdentifier": False,
        "authorityKeyIdentifier": False,
    }
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [NAME.uri]


def test_an_authority_can_sign_nothing_but_leaves(signer: CaSigner) -> None:
    authority = authority_certificate(GATEWAY, signer, 1 << 158, NOW)
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (
        True,
        True,
        0,
    )
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, False)
    assert not usage.value.digital_signature


def test_what_another_key_signed_does_not_leave(signer: CaSigner, tmp_path: Path) -> None:
    authority = authority_certificate(GATEWAY, signer, 1 << 158, NOW)
    other = FileSigner(tmp_path / "other.pem")
    with pytest.raises(Unavailable, match="not the authority's"):
        signed(profile.node_builder(leaf(), authority), other, authority)


def test_what_is_signed_is_small_enough_for_kms(signer: CaSigner) -> None:
    authority = authority_certificate(GATEWAY, signer, 1 << 158, NOW)
    made = signed(profile.node_builder(leaf(), authority), signer, authority)
    assert len(made.tbs_certificate_bytes) < 1024


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=20, max_size=20))
def test_a_serial_is_positive_and_always_twenty_bytes(random_bytes: bytes) -> None:
    serial = profile.serial_number(random_bytes)
    assert serial.bit_length() == 159
    assert len(f"{serial:x}") == 40


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300))
def test_a_certificate_is_assembled_as_der_whatever_its_length(size: int) -> None:
    # The builder's own signature, put in again, gives the builder's own certificate.
    key = new_key()
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "x" * min(size, 64))])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(size)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    made = builder.sign(key, hashes.SHA256())
    whole = assembled(made.tbs_certificate_bytes, made.signature)
    assert x509.load_der_x509_certificate(whole) == made
