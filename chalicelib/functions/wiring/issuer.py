"""What issues certificates: in the one function that may sign them."""

from functools import cache

from chalicelib.functions.observability import measure
from chalicelib.functions.wiring.container import Container
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.authorities import SLOTS, Authorities
from chalicelib.nodes.authority.issuing import CertificateIssuer
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.authority.truststore import S3Truststore
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.store import PairingStore
from chalicelib.signing import KmsKey


class MeasuredKey(KmsKey):
    """A key whose signatures are counted before they are asked for.

    An alarm holds CloudTrail's count against it: who signs with the key elsewhere is not counted.
    """

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        measure({"SignaturesAsked": 1})
        return super().sign(message)


@cache
def issuer(of: Container) -> CertificateIssuer:
    """Return what signs, and keeps what was signed."""
    journal = JournalStore()
    authorities = Authorities(
        store=AuthorityStore(),
        signers={slot: MeasuredKey(f"nodes-{slot}") for slot in SLOTS},
        truststore=S3Truststore(),
        journal=journal,
        random_bytes=of.random_bytes,
    )
    return CertificateIssuer(
        authorities=authorities,
        certificates=CertificateStore(),
        journal=journal,
        random_bytes=of.random_bytes,
    )


@cache
def pairings() -> PairingStore:
    """Return what knows which pairings were approved."""
    return PairingStore()
