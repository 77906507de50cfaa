"""Checks of nodes: their authority, the front's truststore, devices, pairings and requests."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.clock import rfc3339
from chalicelib.healing.doctor.check import Look, NotKnown, Step, Verdict, found, ok
from chalicelib.healing.doctor.rooms import Rooms, seconds
from chalicelib.nodes.authority.store import Authority
from chalicelib.nodes.authority.truststore import KEY, trusted
from chalicelib.nodes.authority.upkeep import ENDS_SOON as AUTHORITY_ENDS_SOON
from chalicelib.nodes.certificates.device import ENDS_SOON, Device, DeviceState
from chalicelib.nodes.pairing.machine import ENDED, CodeState
from chalicelib.nodes.pairing.store import StoredCode
from chalicelib.settings import resource

PAIRINGS, REQUESTS = "nodes.pairings", "nodes.requests"
# The sweep looks at the truststore every five minutes, by whichever container.
_RETIRING = timedelta(minutes=15)
# The sweep comes every minute: two were missed, and the third is late.
LATE = timedelta(seconds=150)
MOST_DEVICES = 500
_SAMPLE = 100


def authority(rooms: Rooms) -> Look:
    """Hold the authority that signs, and the one that is to follow, against their keys."""
    head = rooms.authorities.head()
    if head is None:
        return ok("no node was ever paired: there is no authority")
    names = [name for name in (head.signing, head.following) if name]
    bad = [f"{name[:16]}: {what}" for name in names for what in _authority_faults(rooms, name)]
    return found(bad, f"authority {head.signing[:16]} signs for gateway {head.gateway_id}")


def truststore(rooms: Rooms) -> Look:
    """Hold what the front trusts against the table."""
    if rooms.authorities.head() is None:
        return ok("no node was ever paired: there is nobody to trust")
    there = rooms.truststore.get()
    known, now = rooms.authorities.known(), rooms.clock.now()
    retiring = [each for each in known if each.is_over(now) and each.is_trusted(now - _RETIRING)]
    bad = list(_trust_faults(trusted(known, now), "".join(it.pem for it in retiring), there))
    return found(bad, "it has the authorities that count, and no others")


def certificates(rooms: Rooms) -> Look:
    """Look for nodes whose certificate ends, or has ended, and nothing follows."""
    now, bad = rooms.clock.now(), list[str]()
    for device in _devices(rooms):
        if device.state is not DeviceState.ACTIVE or device.expires_at is None:
            continue
        if device.expires_at < now:
            bad.append(f"{_name(device)}: its certificate ended {rooms.ago(device.expires_at)} ago")
        elif device.expires_at - now < ENDS_SOON and not device.offered:
            left = seconds(device.expires_at - now)
            bad.append(f"{_name(device)}: its certificate ends in {left}, and none follows")
    return found(bad, "every node renews in time", verdict=Verdict.WARNING)


def suspended(rooms: Rooms) -> Look:
    """Look for nodes whose keys somebody else seems to have."""
    there = [each for each in _devices(rooms) if each.state is DeviceState.SUSPENDED]
    bad = [f"{_name(each)} is suspended since {rfc3339(each.changed_at)}" for each in there]
    return found(bad, "no node is suspended")


def pairings(rooms: Rooms) -> Look:
    """Look for codes and requests that nobody has ended in time."""
    bad = list(_stuck(rooms))
    steps = [Step(PAIRINGS, "all pairings", "end all that are over, as the sweep does")]
    return found(bad, "pairings are ended in time", steps=steps if bad else ())


def requests(rooms: Rooms) -> Look:
    """Look for what nodes were asked, and nobody has ended in time."""
    before = rooms.clock.now() - LATE
    there = rooms.node_requests.keeper.store.open(_SAMPLE)
    bad = [
        f"{each.id if rooms.sees(each.owner) else 'a request of another owner'}: "
        f"its time was over {rooms.ago(each.deadline)} ago"
        for each in there
        if each.deadline <= before
    ]
    steps = [Step(REQUESTS, "all requests", "end all that are over, as the sweep does")]
    return found(bad, "requests to nodes are ended in time", steps=steps if bad else ())


def _authority_faults(rooms: Rooms, key_id: str) -> Iterator[str]:
    known = rooms.authorities.get(key_id)
    if known is None:
        yield "it is not in the table"
        return
    try:
        certificate = x509.load_pem_x509_certificate(known.pem.encode())
    except ValueError:
        yield "its certificate cannot be read"
        return
    left = certificate.not_valid_after_utc - rooms.clock.now()
    if left < AUTHORITY_ENDS_SOON:
        yield f"it ends at {rfc3339(certificate.not_valid_after_utc)}"
    yield from _key_faults(rooms, known, certificate)


def _key_faults(rooms: Rooms, known: Authority, certificate: x509.Certificate) -> Iterator[str]:
    alias = f"alias/{resource(f'nodes-{known.slot}')}"
    answer = rooms.cloud.ask("kms", "get_public_key", KeyId=alias)
    own = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if answer is None:
        yield f"the key nodes-{known.slot} is not there"
    elif bytes(answer["PublicKey"]) != own:
        yield f"the key nodes-{known.slot} is not its own"


def _trust_faults(should: str, may: str, there: str | None) -> Iterator[str]:
    if there is None:
        yield f"{KEY} is missing"
        return
    try:
        found_, expected = _fingerprints(there), _fingerprints(should)
    except ValueError:
        yield f"{KEY} cannot be read"
        return
    for name in sorted(expected - found_):
        yield f"the authority {name} is missing: the front turns its nodes away"
    for name in sorted(found_ - expected - _fingerprints(may)):
        yield f"{name} is not an authority that counts"


def _fingerprints(pem: str) -> set[str]:
    made = x509.load_pem_x509_certificates(pem.encode()) if pem else []
    return {hashlib.sha256(each.public_bytes(Encoding.DER)).hexdigest()[:16] for each in made}


def _stuck(rooms: Rooms) -> Iterator[str]:
    before = rooms.clock.now() - LATE
    for each in rooms.pairings.store.overdue(before, _SAMPLE):
        if isinstance(each, StoredCode):
            code = each.code
            if code.state is CodeState.ACTIVE and code.expires_at <= before:
                name = code.id if rooms.sees(code.owner) else "a code of another owner"
                yield f"{name} expired {rooms.ago(code.expires_at)} ago, and was not ended"
        elif each.session.state not in ENDED and each.session.deadline <= before:
            session = each.session
            name = session.id if rooms.sees(session.owner) else "a request of another owner"
            yield f"{name} is {session.state}, {rooms.ago(session.deadline)} past its time"


def _devices(rooms: Rooms) -> Iterator[Device]:
    page = rooms.certificates.devices(rooms.owner, None, MOST_DEVICES + 1)
    yield from page.items[:MOST_DEVICES]
    if len(page.items) > MOST_DEVICES:
        raise NotKnown(f"there are more than {MOST_DEVICES} nodes; see `palyra nodes list`")


def _name(device: Device) -> str:
    return f"{device.label or device.kind} ({device.id})"
