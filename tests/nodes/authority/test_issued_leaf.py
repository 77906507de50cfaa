"""What a node's certificate says, to the last element, as it comes out of the issuer."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from infra.grants import FunctionClass
from infra.permissions import CLASSES
from tests.nodes.certificates.conftest import gateway, kept
from tests.nodes.forging import signing
from tests.nodes.gateway import Gateway

__all__ = ["gateway", "kept"]


def test_a_leaf_says_exactly_what_the_profile_says(kept: Gateway) -> None:
    issued_at = kept.world.clock.now().replace(microsecond=0)
    node, authority = kept.node(), signing(kept)
    leaf = node.certificate

    assert leaf.version is x509.Version.v3
    assert len(leaf.serial_number.to_bytes((leaf.serial_number.bit_length() + 8) // 8)) == 20
    assert leaf.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    assert leaf.issuer == authority.certificate.subject
    assert [(each.oid, each.value) for each in leaf.subject] == [
        (NameOID.ORGANIZATION_NAME, "main"),
        (NameOID.COMMON_NAME, node.id),
    ]
    assert leaf.not_valid_before_utc == issued_at - timedelta(minutes=5)
    assert leaf.not_valid_after_utc == issued_at + timedelta(hours=24)
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert (public, public.curve.name) == (node.key.public_key(), "secp256r1")
    uri = f"spiffe://{authority.head.gateway_id}/node/{node.id}"
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    rest = dict.fromkeys(("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert [(each.value, each.critical) for each in leaf.extensions] == [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, **usage, **rest), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier(own.value.digest, None, None), False),
    ]


def test_no_two_leaves_have_a_serial_in_common(kept: Gateway) -> None:
    serials = {kept.node().certificate.serial_number for _ in range(8)}
    assert len(serials) == 8


def _may(action: str, what: str) -> set[str]:
    return {name for name, each in CLASSES.items() if _allows(each, action, what)}


def _allows(of: FunctionClass, action: str, what: str) -> bool:
    return any(
        action in each.actions and what in f"{each.resources}{each.condition}" for each in of.grants
    )


def test_only_the_issuer_signs_and_writes_the_truststore() -> None:
    assert _may("kms:Sign", "nodes-a") == _may("kms:Sign", "nodes-b") == {"issuer"}
    assert _may("s3:PutObject", "trust") == {"issuer"}


def test_only_the_api_and_the_sweep_ask_the_issuer_for_something() -> None:
    assert _may("lambda:InvokeFunction", "node_issuer") == {"api", "sweep"}
