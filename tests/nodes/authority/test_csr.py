"""Signing requests: what a node may send, and what becomes of everything else."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.nodes.authority.csr import KEY_USAGE, LARGEST, NodeRequest, key_usage
from tests.nodes.forging import compressed, spelled_out
from tests.nodes.gateway import a_request, common_name, new_key
from tests.support.fuzzing import examples

DEVICE = "01JDABCDEFGHJKMNPQRSTVWXYZ"
KEY = new_key()
PEM = a_request(KEY)
DER = x509.load_pem_x509_csr(PEM.encode()).public_bytes(Encoding.DER)


def test_of_a_request_the_public_key_is_taken() -> None:
    request = NodeRequest.read(PEM, DEVICE)
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    assert request.public_key == der
    assert request.public_key_sha256 == digest.finalize().hex()
    assert request.device_id == DEVICE


@pytest.mark.parametrize(
    "granted",
    [
        x509.BasicConstraints(ca=False, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        KEY_USAGE,
    ],
)
def test_what_every_node_is_granted_may_be_asked_for(granted: x509.ExtensionType) -> None:
    NodeRequest.read(a_request(KEY, common_name(DEVICE), extensions=[granted]), DEVICE)


def a_san(*names: x509.GeneralName) -> dict[str, Any]:
    return {"extensions": [x509.SubjectAlternativeName(names)]}


REFUSED: dict[str, Callable[[], str]] = {
    "P-384": lambda: a_request(ec.generate_private_key(ec.SECP384R1())),
    "P-521": lambda: a_request(ec.generate_private_key(ec.SECP521R1())),
    "secp256k1": lambda: a_request(ec.generate_private_key(ec.SECP256K1())),
    "RSA": lambda: a_request(rsa.generate_private_key(65537, 2048)),
    "Ed25519": lambda: a_request(ed25519.Ed25519PrivateKey.generate(), algorithm=None),
    "another hash": lambda: a_request(KEY, algorithm=hashes.SHA384()),
    "CA:TRUE": lambda: a_request(
        KEY, extensions=[x509.BasicConstraints(ca=True, path_length=None)]
    ),
    "signing certificates": lambda: a_request(KEY, extensions=[key_usage(signs_certificates=True)]),
    "a server's purpose": lambda: a_request(
        KEY, extensions=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]
    ),
    "another subject": lambda: a_request(KEY, common_name("01JDZZZZZZZZZZZZZZZZZZZZZZ")),
    "the subject twice": lambda: a_request(KEY, common_name(DEVICE), common_name(DEVICE)),
    "a subject in lower case": lambda: a_request(KEY, common_name(DEVICE.lower())),
    "a name of its own": lambda: a_request(KEY, **a_san(x509.DNSName("admin.example.com"))),
    "another device's name": lambda: a_request(
        KEY, **a_san(x509.UniformResourceIdentifier("spiffe://gw-1/node/X"))
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_for_anything_else_is_refused(what: str) -> None:
    with pytest.raises(Invalid) as refused:
        NodeRequest.read(REFUSED[what](), DEVICE)
    (fault,) = refused.value.faults
    assert fault.field == "csr_pem"
    assert fault.fix


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        None,
        7,
        b"bytes",
        PEM + PEM,
        PEM * 20,
        PEM[:-30],
        PEM.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        PEM.replace("CERTIFICATE REQUEST", "EC PRIVATE KEY"),
        PEM.replace("\n", " "),
        "x" + PEM,
        PEM + "x",
        PEM + "\0",
        "\ufeff" + PEM,
        PEM.replace("A", "=", 1),
        "A" * (LARGEST + 1),
        PEM + " " * LARGEST,
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
    ],
)
def test_what_is_not_one_request_in_pem_is_refused(text: Any) -> None:
    with pytest.raises(Invalid):
        NodeRequest.read(text, DEVICE)


def test_a_curve_that_is_only_said_to_be_like_ours_is_refused() -> None:
    with pytest.raises(Invalid):
        NodeRequest.read(spelled_out(KEY), DEVICE)


def test_a_key_has_one_name_however_it_is_written() -> None:
    request = NodeRequest.read(compressed(KEY), DEVICE)
    assert request.public_key_sha256 == NodeRequest.read(PEM, DEVICE).public_key_sha256


@pytest.mark.parametrize("unused", range(1, 8))
def test_bits_that_mean_nothing_make_no_other_request(unused: int) -> None:
    der = bytearray(DER)
    # The signature is the last element: tag, length, and how many bits of it are unused.
    at = len(der) - 2 - len(x509.load_der_x509_csr(DER).signature)
    assert der[at : at + 1] == bytes([len(der) - at - 1])
    der[at + 1] = unused
    try:
        request = NodeRequest.read(pem(bytes(der)), DEVICE)
    except Invalid:
        return
    assert request.public_key_sha256 == NodeRequest.read(PEM, DEVICE).public_key_sha256


@pytest.mark.parametrize("more", [b"\0", b"more", DER])
def test_nothing_stands_behind_a_request(more: bytes) -> None:
    with pytest.raises(Invalid):
        NodeRequest.read(pem(DER + more), DEVICE)


@pytest.mark.parametrize(
    "damaged",
    [
        f"Certificate Request:\n{PEM}",
        f"# comment\n{PEM}",
        PEM.replace("-----BEGIN", "Proc-Type: 4,ENCRYPTED\n-----BEGIN"),
        PEM.replace("REQUEST-----\n", "REQUEST-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
        PEM.replace("\n", "\r"),
        PEM.replace("\n", "\n\0", 1),
        PEM.replace("\n", "\n\n", 2),
        PEM.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
        PEM.replace("-----END CERTIFICATE REQUEST", "-----END CERTIFICATE"),
        PEM.lower(),
    ],
)
def test_a_request_stands_alone_in_its_text(damaged: str) -> None:
    with pytest.raises(Invalid):
        NodeRequest.read(damaged, DEVICE)


def test_lines_may_end_as_on_windows() -> None:
    assert NodeRequest.read(PEM.replace("\n", "\r\n"), DEVICE).public_key


def test_a_request_that_another_key_signed_is_refused() -> None:
    der = x509.load_pem_x509_csr(PEM.encode()).public_bytes(Encoding.DER)
    other = x509.load_pem_x509_csr(a_request(new_key()).encode()).public_bytes(Encoding.DER)
    mixed = der[: len(der) - 70] + other[len(der) - 70 :]
    with pytest.raises(Invalid):
        NodeRequest.read(pem(mixed), DEVICE)


def pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"


FULL = a_request(
    KEY,
    common_name(DEVICE),
    extensions=[x509.BasicConstraints(ca=False, path_length=None), KEY_USAGE],
)
FULL_DER = x509.load_pem_x509_csr(FULL.encode()).public_bytes(Encoding.DER)


@settings(max_examples=examples(600), deadline=None, derandomize=True)
@given(data=st.data(), der=st.sampled_from([DER, FULL_DER]))
def test_a_damaged_request_is_refused_or_names_the_key_that_signed_it(
    data: st.DataObject, der: bytes
) -> None:
    damaged = bytearray(der)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, 3))
    try:
        request = NodeRequest.read(pem(bytes(damaged[: len(damaged) - end])), DEVICE)
    except Invalid:
        return
    # Bits that mean nothing may differ; the key is the one that signed, whatever they are.
    own = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert request.public_key == own


@settings(max_examples=examples(300), deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200).map(pem)))
def test_whatever_is_sent_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid):
        NodeRequest.read(text, DEVICE)
