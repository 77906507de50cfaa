"""Whom the front trusts, and what of that is believed behind it."""

import ssl
from collections.abc import Callable, Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.nodes.authority import profile, truststore
from infra.local import nodes_front, nodes_tls
from infra.local.nodes_front import Behind
from infra.local.place import Place
from tests.nodes.certificates.test_enforcement import misfits, misused
from tests.nodes.forging import KeySigner, forged, impostor, signing, stranger
from tests.nodes.front.client import REFUSED, Front
from tests.nodes.gateway import ORIGIN, ROUTES, Gateway, Node, new_key


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def test_a_certificate_that_a_node_signed_is_refused_with_its_whole_chain(front: Front) -> None:
    node, key = front.gateway.node(), new_key()
    made = {"authority": node.certificate, "signer": KeySigner(node.key), "key": key}
    file = front.place.state / "chain.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf = _pem(forged(front.gateway, node, **made))
    authority = signing(front.gateway).authority.pem.encode()
    for chain in (leaf, leaf + _pem(node.der), leaf + _pem(node.der) + authority):
        file.write_bytes(private + chain)
        context = front.tls()
        context.load_cert_chain(file)
        with pytest.raises(REFUSED):
            front.whoami(node, context)


def test_a_key_on_a_larger_curve_comes_no_further_than_tls(front: Front) -> None:
    node, key = front.gateway.node(), ec.generate_private_key(ec.SECP384R1())
    der = forged(front.gateway, node, key=key)
    assert front.whoami(node, front.tls(node, certificate=der, key=key)).status == 403


@pytest.mark.parametrize("kind", [stranger, impostor])
def test_an_authority_that_somebody_put_into_the_truststore_lets_nobody_in(
    gateway: Gateway, place: Place, kind: Callable[[Gateway], tuple[x509.Certificate, KeySigner]]
) -> None:
    node = gateway.node()
    authority, signer = kind(gateway)
    trusted = profile.pem(authority)
    with nodes_front.serving(place, Behind(ROUTES, gateway.invoke, lambda: trusted, ORIGIN)):
        front = Front(gateway, place)
        der = forged(gateway, node, authority=authority, signer=signer)
        assert front.whoami(node, front.tls(node, certificate=der)).status == 403
    assert len(misfits(gateway)) == len(misused()) == 1


def test_what_the_front_asks_of_a_handshake(front: Front) -> None:
    front.gateway.node()
    known = [signing(front.gateway).authority]
    made = nodes_tls.tls(front.place, truststore.trusted(known, front.gateway.world.clock.now()))
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.verify_flags & ssl.VERIFY_X509_STRICT
    assert not made.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    wanted = ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    assert made.options & wanted == wanted
    assert made.num_tickets == 0
    (trusted,) = made.get_ca_certs(binary_form=True)
    assert trusted == signing(front.gateway).certificate.public_bytes(Encoding.DER)


@pytest.fixture
def old_versions() -> Iterator[list[ssl.TLSVersion]]:
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        yield [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]


def test_no_version_before_1_2_is_spoken(front: Front, old_versions: list[ssl.TLSVersion]) -> None:
    node: Node = front.gateway.node()
    for version in old_versions:
        context = front.tls(node)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with pytest.raises(REFUSED):
            front.whoami(node, context)
