"""Archive: the segments in S3, in the bucket of the seals, which keeps every version.

Nothing here overwrites with anything else, or deletes.
"""

from functools import cached_property
from typing import Any

from chalicelib import aws


class Archive:
    """The objects of one stage's segments."""

    def put(self, name: str, body: bytes) -> None:
        """Put an object; the same one may be there already.

        Raises:
            Unavailable: S3 did not answer.
        """
        aws.call("S3", self._client.put_object, Bucket=self._bucket, Key=name, Body=body)

    def get(self, name: str) -> bytes | None:
        """Return an object as it is, checked by nobody; None where there is none.

        Raises:
            Unavailable: S3 did not answer.
        """
        return aws.find_object(self._client, self._bucket, name)

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, "seals")
