"""A device is paired, by both methods, with both ends real."""

import pytest
from cryptography import x509

from tests.nodes.pairing.pairing_world import Pairing


@pytest.mark.parametrize("method", ["pin", "qr"])
def test_a_device_is_paired(pairing: Pairing, method: str) -> None:
    made = pairing.pending(method)
    assert made.claim().certificate is None
    pairing.approve(made)
    issued = made.claim().certificate
    assert issued is not None
    certificate = x509.load_pem_x509_certificate(issued.pem.encode())
    assert certificate.public_key() == made.key.public_key()
    pairing.activate(made)
    assert pairing.state(made) == "active"
