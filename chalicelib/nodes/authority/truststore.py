"""Truststore: the object of S3 that tells the front which authorities' certificates to let in.

The bucket keeps versions, and the front names one of them: what it trusts changes when it is told
of another version, never by itself. It is the first fence and not the last: the enforcement holds
every certificate against the table.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from chalicelib import aws
from chalicelib.nodes.authority.store import Authority

BUCKET = "trust"
KEY = "truststore.pem"


_END = "-----END CERTIFICATE-----"


def trusted(known: Iterable[Authority], now: datetime) -> str:
    """Return what the object has to say, by all authorities that there ever were."""
    return "".join(each.pem for each in known if each.is_trusted(now))


def strangers(known: Iterable[Authority], there: str) -> int:
    """Return how many pieces of what the object says are of no authority that there ever was."""
    ours = {each.pem.strip() for each in known}
    pieces = (piece.strip() for piece in there.split(_END))
    return sum(1 for piece in pieces if piece and f"{piece}\n{_END}" not in ours)


class Truststore(Protocol):
    """Where the front looks for the authorities that it trusts."""

    def get(self) -> str | None:
        """Return what it says, or None where there is none.

        Raises:
            Unavailable: it cannot be reached.
        """

    def keep(self, pem: str) -> bool:
        """Let the authorities be these; return whether they were others.

        Raises:
            Unavailable: it cannot be reached.
        """


class S3Truststore:
    """The truststore of one stage in S3."""

    def get(self) -> str | None:
        """Return what the object says, or None where there is none."""
        content = aws.find_object(self._client, self._bucket, KEY)
        return None if content is None else content.decode(errors="replace")

    def keep(self, pem: str) -> bool:
        """Let the authorities be these; a version like the last one is not made."""
        if self.get() == pem:
            return False
        aws.call(
            "S3",
            self._client.put_object,
            Bucket=self._bucket,
            Key=KEY,
            Body=pem.encode(),
            ContentType="application/x-pem-file",
        )
        return True

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, BUCKET)
