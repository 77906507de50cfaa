"""A hunt for secrets: in everything that was said, and however it is written."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_from_bytes

import boto3
import pytest
from botocore.client import BaseClient

_URL = bytes.maketrans(b"+/", b"-_")
_DIGITS = re.compile(rb"[0-9]+")
# What is shorter could stand there by chance.
_LONG_NUMBER, _LONG_TEXT = 12, 6


def forms(secret: bytes) -> dict[str, bytes]:
    """Return how a secret of some length could be written, by the name of the way."""
    found = {
        "raw": secret,
        "reversed": secret[::-1],
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "hex:": secret.hex(":").encode(),
        "base32": base64.b32encode(secret).rstrip(b"="),
        "base85": base64.b85encode(secret),
        "decimal": str(int.from_bytes(secret, "big")).encode(),
        "little decimal": str(int.from_bytes(secret, "little")).encode(),
        "decimal bytes": ", ".join(map(str, secret)).encode(),
        "repr": repr(secret)[2:-1].encode(),
        "json": json.dumps(secret.decode("latin-1"))[1:-1].encode(),
        "utf-8": secret.decode("latin-1").encode(),
        "url": quote_from_bytes(secret, safe="").encode(),
        "url of text": quote(secret.decode("latin-1"), safe="").encode(),
    }
    for before in range(3):
        # In base64 it depends on what stands before it how a text is written, and on what behind.
        whole = base64.b64encode(bytes(before) + secret)
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        inner = whole[first:last]
        found |= {f"base64 {before}": inner, f"base64url {before}": inner.translate(_URL)}
        found[f"base64 url-encoded {before}"] = quote(inner, safe="").encode()
    return found


@dataclass
class Said:
    """Everything that was said: each piece by where it was."""

    pieces: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, where: str, content: Any) -> None:
        for piece in _leaves(content):
            self.pieces.append((where, piece))

    def find(self, secret: bytes) -> list[str]:
        """Return where a secret of some length stands, and how it is written there."""
        written = forms(secret)
        whole = b"\n".join(piece for _, piece in self.pieces)
        hits = [how for how, form in written.items() if form in whole]
        return [
            f"{where}: {how}"
            for how in hits
            for where, piece in self.pieces
            if written[how] in piece
        ]

    def find_digits(self, digits: str) -> list[str]:
        """Return where digits stand that are so few that they could be part of another number."""
        content = digits.encode()
        # Nor are they the fraction of a second.
        alone = re.compile(rb"(?<![0-9A-Za-z])(?<![0-9][.,])" + content + rb"(?![0-9A-Za-z])")
        found = [where for where, piece in self.pieces if alone.search(piece)]
        encoded = forms(content)
        short = {"raw", "reversed", "repr", "json", "utf-8", "url", "url of text"}
        for how in encoded.keys() - short:
            is_number = bool(_DIGITS.fullmatch(encoded[how]))
            if len(encoded[how]) >= (_LONG_NUMBER if is_number else _LONG_TEXT):
                found += [f"{w}: {how}" for w, piece in self.pieces if encoded[how] in piece]
        return found


@contextmanager
def listening(said: Said) -> Iterator[None]:
    """Hear all that is said to AWS, and what it answers: also what is deleted later."""
    make = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: Any) -> Any:
        said.add(f"asked {operation}", _unread(arguments))
        answer = make(client, operation, arguments)
        said.add(f"answered {operation}", _unread(answer))
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield


def kept(said: Said) -> None:
    """Add the content of all tables, queues and objects."""
    dynamo, s3, sqs = boto3.client("dynamodb"), boto3.client("s3"), boto3.client("sqs")
    for table in dynamo.list_tables()["TableNames"]:
        for page in dynamo.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                said.add(f"table {table}", item)
    for bucket in s3.list_buckets()["Buckets"]:
        for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            body = s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read()
            said.add(f"object {bucket['Name']}/{each['Key']}", body)
    for queue in sqs.list_queues().get("QueueUrls", []):
        while messages := sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=60
        ).get("Messages"):
            said.add(f"queue {queue}", [each["Body"] for each in messages])


def _unread(content: Any) -> Any:
    """Return it without what can be read once, which is for whoever asked."""
    if not isinstance(content, dict):
        return content
    return {name: value for name, value in content.items() if not hasattr(value, "read")}


def _leaves(content: Any) -> Iterator[bytes]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _leaves(name)
            yield from _leaves(value)
    elif isinstance(content, list | tuple | set | frozenset):
        for value in content:
            yield from _leaves(value)
    elif isinstance(content, bytes | bytearray):
        yield bytes(content)
    else:
        yield str(content).encode(errors="surrogatepass")
