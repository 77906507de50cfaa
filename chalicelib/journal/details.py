"""Large events: what is over 256 KB stands in S3, and the journal's row names it by its digest.

The object is the whole redacted event, and is put before the row: a crash between the two leaves an
object that no row names. Its name is its digest, so that putting it again changes nothing.
"""

import hashlib
from functools import cached_property
from typing import Any, NamedTuple

from chalicelib import aws

LARGEST_BYTES = 262_144
# Who reads these may list the bucket: what is forbidden may be there.
_ABSENT = frozenset({"NoSuchKey"})


class Kept(NamedTuple):
    """What stands in S3: its SHA-256 as hexadecimal digits, and its size in bytes."""

    sha256: str
    bytes: int


class LargeEvents:
    """The events that are too large for a row."""

    def keep(self, owner: str, content: str) -> Kept:
        """Keep an event's content, and say by what it is found.

        Raises:
            Unavailable: S3 did not answer.
        """
        body = content.encode()
        kept = Kept(hashlib.sha256(body).hexdigest(), len(body))
        aws.call(
            "S3",
            self._client.put_object,
            Bucket=self._bucket,
            Key=_key(owner, kept.sha256),
            Body=body,
        )
        return kept

    def read(self, owner: str, sha256: str) -> bytes | None:
        """Return what S3 holds under a digest, checked by nobody; None where it holds nothing.

        Raises:
            Unavailable: S3 did not answer.
        """
        return aws.find_object(self._client, self._bucket, _key(owner, sha256), _ABSENT)

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, "payloads")


def _key(owner: str, sha256: str) -> str:
    return f"journal/{owner}/{sha256}.json"
