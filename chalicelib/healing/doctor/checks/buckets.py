"""The check of the buckets."""

from collections.abc import Iterator

from chalicelib.healing.doctor.check import Look, Verdict, found, unknown
from chalicelib.healing.doctor.rooms import Rooms

_NOT_BLOCKED = frozenset({"NoSuchPublicAccessBlockConfiguration"})
_CLOSED = "not known here: whether they are closed to the public; this cloud enforces nothing of it"


def attributes(rooms: Rooms) -> Look:
    """See that each bucket is there, closed, and versioned where it must be."""
    buckets = rooms.wanted.buckets
    bad = [f"{name}: {what}" for name in buckets for what in _faults(rooms, name)]
    look = found(bad, f"{len(buckets)} buckets are there, and closed to the public")
    if look.verdict is Verdict.OK and rooms.cloud.is_local:
        return unknown(_CLOSED)
    return look


def _faults(rooms: Rooms, name: str) -> Iterator[str]:
    bucket = rooms.cloud.bucket(name)
    versioning = rooms.cloud.ask("s3", "get_bucket_versioning", Bucket=bucket)
    if versioning is None:
        yield "it is missing"
        return
    is_versioned = versioning.get("Status") == "Enabled"
    if is_versioned != rooms.wanted.buckets[name]:
        yield f"it {'keeps' if is_versioned else 'does not keep'} versions"
    if not rooms.cloud.is_local:
        yield from _openings(rooms, bucket)


def _openings(rooms: Rooms, bucket: str) -> Iterator[str]:
    answer = rooms.cloud.ask("s3", "get_public_access_block", _NOT_BLOCKED, Bucket=bucket)
    blocks = (answer or {}).get("PublicAccessBlockConfiguration", {})
    if not blocks or not all(blocks.values()):
        yield "it is not closed to the public"
