"""SealCopies: what S3 remembers of seals, beside the table.

A copy's name is the seal's position and link, so that a list of names tells all: a position with
two links is a fork, and one that the table does not reach is a table that was set back. Copies are
put once the row stands; nothing here overwrites or deletes.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.journal.seal import SignedSeal

_PREFIX = "seals/"
_DIGITS = 12


class Copy(NamedTuple):
    """A seal that S3 knows, by its position and link."""

    seq: int
    link: str


class SealCopies:
    """The copies of one stage."""

    def put(self, seal: SignedSeal) -> None:
        """Copy a seal.

        Raises:
            Unavailable: S3 did not answer.
        """
        body = {
            "seq": seal.seq,
            "content": seal.content,
            "previous": seal.previous,
            "link": seal.link,
            "signature": seal.signature,
        }
        aws.call(
            "S3",
            self._client.put_object,
            Bucket=self._bucket,
            Key=f"{_folder(seal.seq)}{seal.link}.json",
            Body=json.dumps(body).encode(),
        )

    def since(self, seq: int) -> Iterator[Copy]:
        """Yield the copies of seals from a position on, in order of their positions.

        Raises:
            Unavailable: S3 did not answer.
        """
        after = _folder(seq)
        while after:
            page = aws.call(
                "S3",
                self._client.list_objects_v2,
                Bucket=self._bucket,
                Prefix=_PREFIX,
                StartAfter=after,
            )
            names = [found["Key"] for found in page.get("Contents", ())]
            yield from map(_copy, names)
            after = names[-1] if page.get("IsTruncated") else ""

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, "seals")


def _folder(seq: int) -> str:
    return f"{_PREFIX}{seq:0{_DIGITS}}/"


def _copy(name: str) -> Copy:
    seq, _, link = name.removeprefix(_PREFIX).removesuffix(".json").partition("/")
    return Copy(int(seq), link)
