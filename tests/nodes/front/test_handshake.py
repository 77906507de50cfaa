"""Who gets through the handshake, and who through what comes behind it."""

import socket
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from chalicelib.nodes.authority import profile
from infra.local import nodes_front, nodes_tls
from infra.local.nodes_front import Behind
from infra.local.place import Place
from tests.nodes.forging import (
    SERVER_AUTH,
    KeySigner,
    ed25519_key,
    forged,
    impostor,
    signing,
)
from tests.nodes.front.client import REFUSED, Front, ask
from tests.nodes.gateway import ORIGIN, ROUTES, Gateway, Node

DAY = timedelta(days=1)
each_version = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)


@each_version
def test_a_paired_node_gets_through(front: Front, version: ssl.TLSVersion) -> None:
    node = front.gateway.node()
    context = front.tls(node)
    context.minimum_version = context.maximum_version = version
    assert front.whoami(node, context).body["device_id"] == node.id


@each_version
def test_without_a_certificate_nobody_does(front: Front, version: ssl.TLSVersion) -> None:
    node = front.gateway.node()
    context = front.tls()
    context.minimum_version = context.maximum_version = version
    with pytest.raises(REFUSED):
        front.whoami(node, context)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_older_versions_of_tls_are_not_spoken(front: Front) -> None:
    node = front.gateway.node()
    context = front.tls(node)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(REFUSED):
        front.whoami(node, context)


def _signed_by_a_node(_gateway: Gateway, node: Node) -> dict[str, Any]:
    return {"authority": node.certificate, "signer": KeySigner(node.key)}


def _by_an_impostor(gateway: Gateway, _node: Node) -> dict[str, Any]:
    authority, signer = impostor(gateway)
    return {"authority": authority, "signer": signer}


def _lasting(begins: float, ends: float) -> Callable[[Gateway, Node], dict[str, Any]]:
    def times(gateway: Gateway, _node: Node) -> dict[str, Any]:
        now = gateway.world.clock.now()
        return {"begin": now + begins * DAY, "end": now + ends * DAY}

    return times


REFUSED_BY_TLS: dict[str, Callable[[Gateway, Node], dict[str, Any]]] = {
    "expired": _lasting(-2, -1),
    "not valid yet": _lasting(1, 2),
    "an authority of the same name": _by_an_impostor,
    "signed by a node": _signed_by_a_node,
    "a server's purpose": lambda *_: {"instead": [SERVER_AUTH]},
}


@pytest.mark.parametrize("what", REFUSED_BY_TLS)
def test_tls_refuses(front: Front, what: str) -> None:
    node = front.gateway.node()
    certificate = forged(front.gateway, node, **REFUSED_BY_TLS[what](front.gateway, node))
    with pytest.raises(REFUSED):
        front.whoami(node, front.tls(node, certificate=certificate))


def test_tls_refuses_a_certificate_that_signed_itself(front: Front) -> None:
    node = front.gateway.node()
    now, name = front.gateway.world.clock.now(), node.certificate.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(node.key.public_key())
        .serial_number(1)
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
    der = builder.sign(node.key, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(REFUSED):
        front.whoami(node, front.tls(node, certificate=der))


def test_tls_refuses_the_fronts_own_certificate(front: Front) -> None:
    node, place = front.gateway.node(), front.place
    own = x509.load_pem_x509_certificate(place.nodes_certificate.read_bytes())
    key = load_pem_private_key(place.nodes_key.read_bytes(), None)
    context = front.tls(node, certificate=own.public_bytes(Encoding.DER), key=key)
    with pytest.raises(REFUSED):
        front.whoami(node, context)


class TestWhatTlsLetsIn:
    """OpenSSL lets these in; what comes behind it does not."""

    def test_a_certificate_without_a_purpose(self, front: Front) -> None:
        node = front.gateway.node()
        der = forged(front.gateway, node, without=x509.ExtendedKeyUsage)
        assert front.whoami(node, front.tls(node, certificate=der)).status == 403

    def test_an_ed25519_key(self, front: Front) -> None:
        node, key = front.gateway.node(), ed25519_key()
        der = forged(front.gateway, node, key=key)
        reply = front.whoami(node, front.tls(node, certificate=der, key=key))
        assert (reply.status, "kind" in reply.body["detail"]) == (403, True)

    def test_an_rsa_key(self, front: Front) -> None:
        node, key = front.gateway.node(), rsa.generate_private_key(65537, 2048)
        der = forged(front.gateway, node, key=key)
        assert front.whoami(node, front.tls(node, certificate=der, key=key)).status == 403

    def test_a_certificate_that_was_never_issued(self, front: Front) -> None:
        node = front.gateway.node()
        der = forged(front.gateway, node)
        assert front.whoami(node, front.tls(node, certificate=der)).status == 403

    def test_another_devices_certificate(self, front: Front) -> None:
        node, other = front.gateway.node(), front.gateway.node()
        assert front.whoami(other, front.tls(node)).status == 403

    def test_a_superseded_certificate(self, front: Front) -> None:
        first = front.gateway.node()
        second = first.renewed()
        assert front.whoami(second).status == 200
        assert front.whoami(first).status == 403

    def test_one_that_was_revoked_a_moment_ago_on_the_same_connection(self, front: Front) -> None:
        node = front.gateway.node()
        with front.connected(front.tls(node)) as connection:
            assert ask(connection, "GET", node.path("whoami")).status == 200
            front.gateway.revoke(node)
            assert ask(connection, "GET", node.path("whoami")).status == 403


def test_a_header_that_claims_a_certificate_is_not_looked_at(front: Front) -> None:
    node, other = front.gateway.node(), front.gateway.node()
    claims = {"X-Amzn-Mtls-Clientcert": other.pem.replace("\n", "%0A")}
    assert front.whoami(node, None, **claims).body["device_id"] == node.id


def test_no_session_is_resumed(front: Front) -> None:
    node = front.gateway.node()
    context = front.tls(node)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(front.raw(), server_hostname="localhost") as first:
        session = first.session
    with context.wrap_socket(front.raw(), server_hostname="localhost", session=session) as second:
        assert not second.session_reused


def test_before_there_is_an_authority_nobody_gets_through(gateway: Gateway, place: Place) -> None:
    node = Node(gateway, "main", "01JDABCDEFGHJKMNPQRSTVWXYZ")
    behind = Behind(ROUTES, gateway.invoke, lambda: "", ORIGIN)
    with nodes_front.serving(place, behind), pytest.raises((*REFUSED, OSError)):
        Front(gateway, place).whoami(node, Front(gateway, place).tls())


def test_an_authority_that_was_prepared_is_let_in_once_it_signs(front: Front) -> None:
    from chalicelib.functions.wiring.issuer import issuer  # noqa: PLC0415

    node = front.gateway.node()
    authorities = issuer(front.gateway.of).authorities
    before = signing(front.gateway).authority.key_id
    authorities.prepare("token:laptop", front.gateway.world.clock.now())
    authorities.switch("token:laptop", front.gateway.world.clock.now())

    following = node.renewed()

    assert front.whoami(following).status == 200
    assert profile.key_id_of(signing(front.gateway).certificate).hex() != before


class TestSlowClients:
    @pytest.fixture(autouse=True)
    def _hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nodes_front, "HANDSHAKE_SECONDS", 0.5)

    def test_one_that_says_nothing_is_hung_up_on(self, front: Front) -> None:
        front.gateway.node()
        with front.raw() as connection:
            begun = time.monotonic()
            assert connection.recv(1) == b""
            assert time.monotonic() - begun < 5

    def test_one_that_drips_is_hung_up_on_and_holds_up_nobody(self, front: Front) -> None:
        node = front.gateway.node()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300
        with front.raw() as slow:
            begun = time.monotonic()
            sent = _dripped(slow, hello, until=begun + 3)
            assert front.whoami(node).status == 200
        assert sent < len(hello)

    def test_many_that_say_nothing_hold_up_nobody(self, front: Front) -> None:
        node = front.gateway.node()
        waiting = [front.raw() for _ in range(50)]
        try:
            assert front.whoami(node).status == 200
        finally:
            for each in waiting:
                each.close()


def _dripped(slow: socket.socket, hello: bytes, until: float) -> int:
    """Send a byte at a time, each sooner than a pause would be noticed; return how many went."""
    slow.settimeout(0.02)
    for sent, byte in enumerate(hello):
        try:
            slow.sendall(bytes([byte]))
            if slow.recv(1) == b"":
                return sent
        except TimeoutError:
            pass
        except OSError:
            return sent
        if time.monotonic() > until:
            break
    return len(hello)


class TestRequests:
    def test_a_body_over_a_megabyte_is_refused(self, front: Front) -> None:
        node = front.gateway.node()
        with front.connected(front.tls(node)) as connection:
            reply = ask(connection, "POST", node.path("nonce"), b" " * (1024 * 1024 + 1))
        assert reply.status == 413

    def test_a_path_that_no_route_has_is_told(self, front: Front) -> None:
        node = front.gateway.node()
        with front.connected(front.tls(node)) as connection:
            assert ask(connection, "GET", node.path("nothing")).status == 404
            assert ask(connection, "DELETE", node.path("whoami")).status == 405

    def test_a_body_that_is_no_text_arrives_as_it_is(self, front: Front) -> None:
        node = front.gateway.node()
        with front.connected(front.tls(node)) as connection:
            assert ask(connection, "POST", node.path("nonce"), b"\xff\xfe").status == 400

    def test_a_whole_renewal_goes_over_the_wire(self, front: Front) -> None:
        node = front.gateway.node()
        following = node.renewed()
        assert front.whoami(following).body["generation"] == 2


def test_who_was_trusted_stays_so_while_nobody_can_say(
    gateway: Gateway, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes_tls, "TRUST_SECONDS", 0.0)
    node, answers = gateway.node(), [signing(gateway).authority.pem]

    def trusted() -> str:
        if answers:
            return answers.pop()
        raise EndpointConnectionError(endpoint_url="s3")

    with nodes_front.serving(place, Behind(ROUTES, gateway.invoke, trusted, ORIGIN)):
        replies = [Front(gateway, place).whoami(node).status for _ in range(2)]
    assert replies == [200, 200]
