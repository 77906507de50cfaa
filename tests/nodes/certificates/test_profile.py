"""Certificates that TLS may let in, and that are not what a node's certificate is."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from chalicelib.nodes.authority.profile import Extension
from tests.nodes import forging
from tests.nodes.forging import forged, impostor, signing, stranger
from tests.nodes.gateway import Gateway, Node


def _san(*uris: str) -> dict[str, Any]:
    return {"uris": [x509.UniformResourceIdentifier(uri) for uri in uris]}


def _eku(*purposes: x509.ObjectIdentifier) -> dict[str, Any]:
    return {"instead": [Extension(x509.ExtendedKeyUsage(purposes), critical=False)]}


CLIENT, ANY = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
MISFITS: dict[str, Callable[[Node, str], dict[str, Any]]] = {
    "no purpose": lambda *_: {"without": x509.ExtendedKeyUsage},
    "a server's purpose": lambda *_: {"instead": [forging.SERVER_AUTH]},
    "any purpose": lambda *_: _eku(ANY),
    "two purposes": lambda *_: _eku(CLIENT, ExtendedKeyUsageOID.SERVER_AUTH),
    "is an authority": lambda *_: {"instead": [forging.IS_CA]},
    "signs certificates": lambda *_: {"instead": [forging.SIGNS]},
    "no usage": lambda *_: {"without": x509.KeyUsage},
    "no constraints": lambda *_: {"without": x509.BasicConstraints},
    "no name": lambda *_: {"without": x509.SubjectAlternativeName},
    "no authority": lambda *_: {"without": x509.AuthorityKeyIdentifier},
    "no key id": lambda *_: {"without": x509.SubjectKeyIdentifier},
    "a host's name": lambda node, _: {"uris": [x509.DNSName(node.id.lower())]},
    "two names": lambda node, at: _san(f"spiffe://{at}/node/{node.id}", "spiffe://x/node/Y"),
    "another gateway": lambda node, _: _san(f"spiffe://gw-{'0' * 16}/node/{node.id}"),
    "another scheme": lambda node, at: _san(f"https://{at}/node/{node.id}"),
    "a longer path": lambda node, at: _san(f"spiffe://{at}/node/{node.id}/x"),
    "a name in lower case": lambda node, at: _san(f"spiffe://{at}/node/{node.id.lower()}"),
    "an encoded name": lambda node, at: _san(f"spiffe://{at}/node/{node.id}%00"),
    "another common name": lambda *_: {"common_name": "01JDABCDEFGHJKMNPQRSTVWXYZ"},
    "another owner": lambda *_: {"owner": "stranger"},
    "the system as owner": lambda *_: {"owner": "system"},
    "an owner that is none": lambda *_: {"owner": "main#device"},
    "one extension more": lambda *_: {"more": [Extension(x509.OCSPNoCheck(), critical=False)]},
    "another curve": lambda *_: {"key": ec.generate_private_key(ec.SECP384R1())},
    "an RSA key": lambda *_: {"key": rsa.generate_private_key(65537, 2048)},
    "an Ed25519 key": lambda *_: {"key": forging.ed25519_key()},
    "nobody's table entry": lambda *_: {},
}


@pytest.mark.parametrize("what", MISFITS)
def test_what_the_authority_signed_but_never_issues_is_refused(kept: Gateway, what: str) -> None:
    node = kept.node()
    how = MISFITS[what](node, signing(kept).head.gateway_id)
    reply = node.whoami(certificate=forged(kept, node, **how))
    assert (reply.status, reply.code) == (403, "certificate-refused")
    assert node.whoami().status == 200


class TestOfAnotherAuthority:
    def test_one_with_the_same_name_and_key_id_is_refused(self, kept: Gateway) -> None:
        node = kept.node()
        authority, signer = impostor(kept)
        fake = forged(kept, node, authority=authority, signer=signer)
        assert node.whoami(certificate=fake).status == 403

    def test_one_that_nobody_knows_is_refused(self, kept: Gateway) -> None:
        node = kept.node()
        authority, signer = stranger(kept)
        fake = forged(kept, node, authority=authority, signer=signer)
        assert node.whoami(certificate=fake).status == 403

    def test_the_authoritys_own_certificate_is_no_nodes(self, kept: Gateway) -> None:
        own = signing(kept).certificate.public_bytes(Encoding.DER)
        assert kept.node().whoami(certificate=own).status == 403

    def test_a_changed_byte_of_a_certificate_is_refused(self, kept: Gateway) -> None:
        node = kept.node()
        der = bytearray(node.der)
        der[-1] ^= 1
        assert node.whoami(certificate=bytes(der)).status == 403


class TestPem:
    @pytest.mark.parametrize(
        "damaged",
        [
            lambda pem: pem + pem,
            lambda pem: pem.replace("BEGIN CERTIFICATE", "BEGIN PRIVATE KEY"),
            lambda pem: pem.replace("-----END CERTIFICATE-----", ""),
            lambda pem: pem[: len(pem) // 2],
            lambda pem: "x" + pem,
            lambda pem: pem + "x",
            lambda pem: pem.replace("\n", ""),
            lambda pem: "\0" + pem,
            lambda pem: pem + "\n" * 10_000,
            lambda pem: pem.replace("M", "\N{FULLWIDTH LATIN CAPITAL LETTER M}", 1),
            lambda _: "A" * 9_000,
            lambda _: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ],
    )
    def test_what_is_not_one_certificate_is_refused(
        self, kept: Gateway, damaged: Callable[[str], str]
    ) -> None:
        node = kept.node()
        reply = node.whoami(clientCert={"clientCertPem": damaged(node.pem)})
        assert reply.status == 403

    def test_what_stands_beside_the_certificate_is_not_looked_at(self, kept: Gateway) -> None:
        node, other = kept.node(), kept.node()
        lies = {"subjectDN": f"CN={other.id}", "serialNumber": "1", "issuerDN": "CN=x"}
        reply = node.whoami(clientCert={"clientCertPem": node.pem, **lies})
        assert reply.body["device_id"] == node.id
