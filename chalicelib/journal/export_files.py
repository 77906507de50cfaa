"""Where exports are kept: one object each in the payload bucket, under their owner.

An export is a multipart upload, so that no function has to hold it whole and another one can go on
with it. How far it has come stands beside it, with the lines that do not fill a part yet. What
comes next follows from that alone: whoever repeats a step, because a reply was lost or a dead
worker was not dead, writes the same bytes under the same number.
"""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Self

from chalicelib import aws
from chalicelib.errors import Unavailable

LINK_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an export has come.

    Attributes:
        upload: the id of the upload.
        ends: the last position of each stream, as the first line says.
        stream: the stream that is being written; beyond the last one all are.
        seq: the last position of it that was looked at.
        lines: how many the file has, and `hash` the last one's.
        entries: how many of them are entries.
        size: its bytes.
        pending: lines that are in no part yet.
        tags: what S3 answered to each part.
        is_complete: the file is there.
    """

    upload: str
    ends: tuple[int, ...]
    stream: int = 0
    seq: int = 0
    lines: int = 0
    hash: str = ""
    entries: int = 0
    size: int = 0
    pending: str = ""
    tags: tuple[str, ...] = ()
    is_complete: bool = False

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Return what was kept."""
        kept = json.loads(text)
        return cls(**kept | {"ends": tuple(kept["ends"]), "tags": tuple(kept["tags"])})


class UploadIsGone(Exception):
    """S3 has dropped what was uploaded: a day has passed, or somebody has ended it."""


class ExportFiles:
    """The files of exports, each named by its owner and the task that writes it."""

    def begin(self, owner: str, export: str) -> str:
        """Begin a file; return the upload's id.

        Raises:
            Unavailable: S3 did not answer.
        """
        answer = self._call(
            "create_multipart_upload", Key=_file(owner, export), ContentType="application/x-ndjson"
        )
        return str(answer["UploadId"])

    def put_part(self, owner: str, export: str, progress: Progress) -> str:
        """Upload what is pending as the next part; return its tag.

        Raises:
            UploadIsGone: the upload is not there any more.
            Unavailable: S3 did not answer.
        """
        answer = self._of_upload(
            "upload_part",
            Key=_file(owner, export),
            UploadId=progress.upload,
            PartNumber=len(progress.tags) + 1,
            Body=progress.pending.encode(),
        )
        return str(answer["ETag"])

    def complete(self, owner: str, export: str, progress: Progress) -> None:
        """Make one file of all parts; it may have been done already.

        Raises:
            UploadIsGone: neither the upload nor the file is there.
            Unavailable: S3 did not answer.
        """
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(progress.tags, 1)]
        try:
            self._of_upload(
                "complete_multipart_upload",
                Key=_file(owner, export),
                UploadId=progress.upload,
                MultipartUpload={"Parts": parts},
            )
        except UploadIsGone:
            if not self._is_there(_file(owner, export)):
                raise

    def keep(self, owner: str, export: str, progress: Progress) -> None:
        """Keep how far an export has come.

        Raises:
            Unavailable: S3 did not answer.
        """
        body = json.dumps(asdict(progress)).encode()
        self._call("put_object", Key=_progress(owner, export), Body=body)

    def progress(self, owner: str, export: str) -> Progress | None:
        """Return how far an export has come, or None before it was begun.

        Raises:
            Unavailable: S3 did not answer.
        """
        found = aws.find_object(self._client, self._bucket, _progress(owner, export))
        return None if found is None else Progress.read(found)

    def link(self, owner: str, export: str) -> str:
        """Return an address that anybody can read the file at, for 15 minutes."""
        named = f'attachment; filename="palyra-journal-{owner}-{export}.ndjson"'
        key = _file(owner, export)
        where = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": named}
        lasts = int(LINK_LASTS.total_seconds())
        return str(self._client.generate_presigned_url("get_object", where, lasts))

    def _of_upload(self, operation: str, **arguments: Any) -> Any:
        try:
            return self._call(operation, **arguments)
        except Unavailable as error:
            if aws.code(error) == "NoSuchUpload":
                raise UploadIsGone("what was uploaded is gone; ask for another export") from error
            raise

    def _is_there(self, key: str) -> bool:
        try:
            self._call("head_object", Key=key)
        except Unavailable as error:
            if aws.code(error) in aws.HIDDEN:
                return False
            raise
        return True

    def _call(self, operation: str, **arguments: Any) -> Any:
        made = getattr(self._client, operation)
        return aws.call("S3", made, Bucket=self._bucket, **arguments)

    @cached_property
    def _client(self) -> Any:
        return aws.client("s3")

    @cached_property
    def _bucket(self) -> str:
        return aws.bucket(self._client, "payloads")


def _file(owner: str, export: str) -> str:
    return f"{owner}/exports/{export}/journal.ndjson"


def _progress(owner: str, export: str) -> str:
    return f"{owner}/exports/{export}/progress.json"
