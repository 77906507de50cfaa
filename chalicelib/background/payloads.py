"""Payloads: small ones stand in the task's row, large ones in S3, and the row points to them.

The object is put before the row: a crash between the two leaves an object that nobody points to,
and the bucket's lifecycle deletes it.
"""

import hashlib
import json
from functools import cached_property
from typing import Any, NamedTuple

from chalicelib import aws
from chalicelib.background.task import Task, TaskRef
from chalicelib.errors import Invalid

INLINE_BYTES = 4 * 1024
LARGEST_BYTES = 256 * 1024


class Kept(NamedTuple):
    """Where a payload is: in the row, or under a key of the bucket, with its SHA-256."""

    inline: str
    key: str
    sha256: str


class PayloadLost(Exception):
    """The payload in S3 is not the one that the task was made with."""


class Payloads:
    """What tasks are told."""

    def keep(self, ref: TaskRef, content: str) -> Kept:
        """Keep a payload, as JSON, and say where.

        Raises:
            Invalid: it has over 256 KB.
            Unavailable: S3 did not answer.
        """
        body = content.encode()
        if len(body) > LARGEST_BYTES:
            raise Invalid(
                f"the payload has {len(body)} bytes",
                field="payload",
                fix=f"use at most {LARGEST_BYTES} bytes",
            )
        if len(body) <= INLINE_BYTES:
            return Kept(content, "", "")
        digest = hashlib.sha256(body).hexdigest()
        key = f"{ref.owner}/{ref.id}/{digest[:16]}.json"
        aws.call("S3", self._client.put_object, Bucket=self._bucket, Key=key, Body=body)
        return Kept("", key, digest)

    def read(self, task: Task) -> Any:
        """Return a task's payload, or None where it has none.

        Raises:
            PayloadLost: what S3 holds is not what was put there.
            Unavailable: S3 did not answer.
        """
        if not task.payload_key:
            return json.loads(task.payload) if task.payload else None
        body = aws.read_object(self._client, self._bucket, task.payload_key)
        if hashlib.sha256(body).hexdigest() != task.payload_sha256:
            raise PayloadLost(f"the payload of {task.ref.id} has changed")
        return json.loads(body)

    def erase(self, owner: str, subject: str) -> int:
        """Delete the payloads of a job or task and of all that came of it; return how many.

        Those that no row points to are among them: their ids begin with its id.

        Raises:
            Unavailable: S3 did not answer.
        """
        number, after = 0, ""
        while True:
            found = aws.call(
                "S3",
                self._client.list_objects_v2,
                Bucket=self._bucket,
                Prefix=f"{owner}/{subject}",
                StartAfter=after,
            ).get("Contents", [])
            if not found:
                return number
            for each in found:
                after = each["Key"]
                aws.call("S3", self._client.delete_object, Bucket=self._bucket, Key=after)
                number += 1

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, "payloads")
