"""Presented: the certificate that a call was made with, read and held against the profile.

It comes from the one place that the gateway alone writes, `requestContext.identity.clientCert`, and
of that the certificate alone is read: subject, issuer and serial beside it are for people. TLS has
let it in, which says little: OpenSSL lets in certificates without a purpose, and other curves.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID
from cryptography.x509.verification import PolicyBuilder, Store

from chalicelib.nodes.authority import profile
from chalicelib.nodes.authority.csr import is_p256
from chalicelib.nodes.authority.naming import NodeName, is_owner, read_uri
from chalicelib.nodes.authority.pem import one_block
from chalicelib.nodes.enforcement.reason import NotAdmitted, Reason

LARGEST = 8192
_KIND = "CERTIFICATE"
_FIELD = "clientCertPem"


@dataclass(frozen=True, slots=True)
class Presented:
    """A certificate that fits the profile; who signed it is not known yet.

    Attributes:
        fingerprint: SHA-256 over its DER, as 64 hexadecimal digits.
        owner: the workspace that it names.
        name: the device that it names.
        authority: the key id of the authority that it names.
    """

    certificate: x509.Certificate
    fingerprint: str
    owner: str
    name: NodeName
    authority: str

    def check_signature(self, authority_pem: str, now: datetime) -> None:
        """Refuse what the authority did not sign, or what is out of its time.

        Raises:
            NotAdmitted: says which.
        """
        authority = x509.load_pem_x509_certificate(authority_pem.encode())
        # Whatever goes wrong in a check, nobody is let in.
        try:
            self.certificate.verify_directly_issued_by(authority)
        except Exception as error:
            raise NotAdmitted(Reason.BAD_SIGNATURE) from error
        after = now > self.certificate.not_valid_after_utc
        if after or now < self.certificate.not_valid_before_utc:
            raise NotAdmitted(Reason.EXPIRED)
        verifier = PolicyBuilder().store(Store([authority])).time(now).build_client_verifier()
        try:
            verifier.verify(self.certificate, [])
        except Exception as error:
            raise NotAdmitted(Reason.BAD_SIGNATURE) from error


def shown(context: Mapping[str, Any], origin: str) -> str:
    """Return the PEM of the certificate that a call was made with; empty where there is none.

    Args:
        context: the event's `requestContext`.
        origin: the one domain that asks for certificates; empty where there is none.
    """
    identity = context.get("identity")
    cert = identity.get("clientCert") if isinstance(identity, Mapping) else None
    pem = cert.get("clientCertPem") if isinstance(cert, Mapping) else None
    is_origin = bool(origin) and context.get("domainName") == origin
    return pem if is_origin and isinstance(pem, str) else ""


def read(pem: str) -> Presented:
    """Return a certificate, once it is found to say what a node's says and nothing else.

    Raises:
        NotAdmitted: it cannot be read, or does not fit.
    """
    try:
        return _read(one_block(pem, _KIND, LARGEST, _FIELD))
    except NotAdmitted:
        raise
    except Exception as error:
        # Parts are read when they are looked at, and DER of unknown origin can fail in many ways.
        raise NotAdmitted(Reason.UNREADABLE) from error


def misfit(pem: str) -> x509.Certificate | None:
    """Return a certificate that does not fit, as far as it is one at all."""
    try:
        return x509.load_der_x509_certificate(one_block(pem, _KIND, LARGEST, _FIELD))
    except Exception:  # noqa: BLE001  DER of unknown origin can fail in many ways
        return None


def is_signed_by(certificate: x509.Certificate, authority_pem: str) -> bool:
    """Return whether an authority's key has signed a certificate, whatever that says."""
    try:
        certificate.verify_directly_issued_by(
            x509.load_pem_x509_certificate(authority_pem.encode())
        )
    except Exception:  # noqa: BLE001  whatever goes wrong, it is not known to be signed by it
        return False
    return True


def _read(der: bytes) -> Presented:
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key()
    extensions = [(each.value, each.critical) for each in certificate.extensions]
    is_signed_so = certificate.signature_algorithm_oid == SignatureAlgorithmOID.ECDSA_WITH_SHA256
    if certificate.version is not x509.Version.v3 or not is_signed_so or not is_p256(key):
        raise NotAdmitted(Reason.PROFILE)
    owner, name = _named(certificate)
    authority = _authority_of(certificate)
    if extensions != [tuple(each) for each in profile.node_extensions(name, key, authority)]:
        raise NotAdmitted(Reason.PROFILE)
    return Presented(certificate, _digest(der), owner, name, authority.hex())


def _named(certificate: x509.Certificate) -> tuple[str, NodeName]:
    """Return the workspace and device of a certificate; URI and subject must name the same."""
    subject = {each.oid: str(each.value) for each in certificate.subject}
    name = read_uri(_uri(certificate))
    owner = subject.get(NameOID.ORGANIZATION_NAME, "")
    if name is None or not is_owner(owner):
        raise NotAdmitted(Reason.PROFILE)
    if certificate.subject != profile.node_subject(owner, name.device_id):
        raise NotAdmitted(Reason.PROFILE)
    return owner, name


def _uri(certificate: x509.Certificate) -> str:
    names = _extension(certificate, x509.SubjectAlternativeName)
    found = names.get_values_for_type(x509.UniformResourceIdentifier)
    return str(found[0]) if len(found) == 1 else ""


def _authority_of(certificate: x509.Certificate) -> bytes:
    identifier = _extension(certificate, x509.AuthorityKeyIdentifier).key_identifier
    if not identifier:
        raise NotAdmitted(Reason.PROFILE)
    return identifier


def _extension[E: x509.ExtensionType](certificate: x509.Certificate, kind: type[E]) -> E:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound as error:
        raise NotAdmitted(Reason.PROFILE) from error


def _digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
