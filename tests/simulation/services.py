"""SQS, S3, KMS and STS as far as Palyra uses them, in memory, behind the calls of their clients."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VISIBILITY = timedelta(minutes=30)
MOST_RECEIVES = 10
_LISTED = 4  # Names of a page: few, so that lists have several.


@dataclass(eq=False)
class Message:
    """A message on its way.

    Attributes:
        lane: the queue it is in.
        visible_at: when it can be received.
        receives: how often it was.
    """

    lane: str
    body: str
    visible_at: datetime
    number: int
    receives: int = 0

    @property
    def task(self) -> tuple[str, str]:
        """Return the key of the row it points to."""
        content = json.loads(self.body)
        return content["pk"], content["sk"]


@dataclass
class SimQueues:
    """The queues of the lanes."""

    now: Callable[[], datetime]
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0

    def send(self, lane: str, body: str, delay: int) -> None:
        """Put a message into a lane."""
        self.sent += 1
        visible_at = self.now() + timedelta(seconds=delay)
        self.messages.append(Message(lane, body, visible_at, self.sent))

    def visible(self) -> list[Message]:
        """Return what can be received now, oldest first."""
        now = self.now()
        return [message for message in self.messages if message.visible_at <= now]

    def receive(self, message: Message) -> None:
        """Hide a message while it is carried out."""
        message.receives += 1
        message.visible_at = self.now() + VISIBILITY

    def duplicate(self, message: Message) -> Message:
        """Return a second delivery of a message; the one may be deleted and the other come back."""
        again = copy(message)
        self.messages.append(again)
        return again

    def delete(self, message: Message) -> None:
        """Take a message out for good."""
        if message in self.messages:
            self.messages.remove(message)

    def bury(self, message: Message) -> None:
        """Move a message that came back too often to the dead letters."""
        if message.receives >= MOST_RECEIVES:
            self.delete(message)
            self.dead.append(message)

    def depth(self, lane: str) -> dict[str, str]:
        """Return SQS's counts of a lane."""
        now = self.now()
        own = [message for message in self.messages if message.lane == lane]
        waiting = sum(message.visible_at <= now for message in own)
        return {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": "0",
            "ApproximateNumberOfMessagesDelayed": str(len(own) - waiting),
        }


class Cloud(Protocol):
    """What the clients stand on: clients are cached, and what a schedule begins with is new."""

    queues: SimQueues
    objects: dict[str, bytes]
    uploads: dict[str, dict[int, bytes]]

    def random_bytes(self, number: int, /) -> bytes:
        """Return bytes that keys are made of."""

    def make(self, operation: str, arguments: Mapping[str, Any], do: Callable[[], Any]) -> Any:
        """Make a call, unless something goes wrong with it."""


class SqsClient:
    """What LaneQueue asks of botocore's client."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get_queue_url(self, **arguments: Any) -> Any:
        url = f"https://sqs/{arguments['QueueName']}"
        return self._cloud.make("GetQueueUrl", arguments, lambda: {"QueueUrl": url})

    def send_message(self, **arguments: Any) -> Any:
        lane = arguments["QueueUrl"].rpartition("-")[2]
        body, delay = arguments["MessageBody"], arguments["DelaySeconds"]

        def send() -> dict[str, str]:
            self._cloud.queues.send(lane, body, delay)
            return {}

        return self._cloud.make("SendMessage", arguments, send)

    def get_queue_attributes(self, **arguments: Any) -> Any:
        lane = arguments["QueueUrl"].rpartition("-")[2]
        answer = {"Attributes": self._cloud.queues.depth(lane)}
        return self._cloud.make("GetQueueAttributes", arguments, lambda: answer)


class S3Client:
    """What payloads, copies of seals and exports ask of botocore's client."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def put_object(self, **arguments: Any) -> Any:
        def put() -> dict[str, str]:
            self._cloud.objects[arguments["Key"]] = arguments["Body"]
            return {"ETag": _tag(arguments["Body"])}

        return self._cloud.make("PutObject", arguments, put)

    def get_object(self, **arguments: Any) -> Any:
        def get() -> dict[str, Any]:
            found = self._cloud.objects.get(arguments["Key"])
            if found is None:
                raise _gone("GetObject", "NoSuchKey")
            return {"Body": io.BytesIO(found)}

        return self._cloud.make("GetObject", arguments, get)

    def head_object(self, **arguments: Any) -> Any:
        def head() -> dict[str, Any]:
            found = self._cloud.objects.get(arguments["Key"])
            if found is None:
                raise _gone("HeadObject", "404")
            return {"ContentLength": len(found)}

        return self._cloud.make("HeadObject", arguments, head)

    def delete_object(self, **arguments: Any) -> Any:
        def delete() -> dict[str, Any]:
            self._cloud.objects.pop(arguments["Key"], None)
            return {}

        return self._cloud.make("DeleteObject", arguments, delete)

    def list_objects_v2(self, **arguments: Any) -> Any:
        def found() -> dict[str, Any]:
            prefix, after = arguments["Prefix"], arguments.get("StartAfter", "")
            names = [it for it in sorted(self._cloud.objects) if it.startswith(prefix)]
            behind = [{"Key": it} for it in names if it > after]
            return {"Contents": behind[:_LISTED], "IsTruncated": len(behind) > _LISTED}

        return self._cloud.make("ListObjectsV2", arguments, found)

    def generate_presigned_url(self, operation: str, where: Any, lasts: int) -> str:
        # No call: whoever has the right signs by itself.
        return f"https://s3/{where['Key']}?{operation}&{lasts}"

    def create_multipart_upload(self, **arguments: Any) -> Any:
        def create() -> dict[str, str]:
            upload = f"upload-{len(self._cloud.uploads) + 1}"
            self._cloud.uploads[upload] = {}
            return {"UploadId": upload}

        return self._cloud.make("CreateMultipartUpload", arguments, create)

    def upload_part(self, **arguments: Any) -> Any:
        def put() -> dict[str, str]:
            parts = self._upload("UploadPart", arguments["UploadId"])
            parts[arguments["PartNumber"]] = arguments["Body"]
            return {"ETag": _tag(arguments["Body"])}

        return self._cloud.make("UploadPart", arguments, put)

    def complete_multipart_upload(self, **arguments: Any) -> Any:
        def complete() -> dict[str, str]:
            operation, upload = "CompleteMultipartUpload", arguments["UploadId"]
            parts = self._upload(operation, upload)
            wanted = arguments["MultipartUpload"]["Parts"]
            bodies = [parts.get(part["PartNumber"], b"") for part in wanted]
            if [_tag(body) for body in bodies] != [part["ETag"] for part in wanted]:
                raise _gone(operation, "InvalidPart")
            # What an upload was is gone with it; its id stays, so that no other one gets it.
            self._cloud.uploads[upload] = {0: b""}
            self._cloud.objects[arguments["Key"]] = b"".join(bodies)
            return {}

        return self._cloud.make("CompleteMultipartUpload", arguments, complete)

    def _upload(self, operation: str, upload: str) -> dict[int, bytes]:
        parts = self._cloud.uploads.get(upload)
        if parts is None or 0 in parts:
            raise _gone(operation, "NoSuchUpload")
        return parts


class KmsClient:
    """What signers ask of botocore's client: the same key in all worlds, and signatures to replay.

    A message has one signature (RFC 6979): whose copies are named by what they hold, must hold the
    same when a schedule is run again.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def sign(self, **arguments: Any) -> Any:
        def sign() -> dict[str, bytes]:
            algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
            key = _signing_key(arguments["KeyId"])
            return {"Signature": key.sign(arguments["Message"], algorithm)}

        return self._cloud.make("Sign", arguments, sign)

    def get_public_key(self, **arguments: Any) -> Any:
        def get() -> dict[str, bytes]:
            public = _signing_key(arguments["KeyId"]).public_key()
            form = PublicFormat.SubjectPublicKeyInfo
            return {"PublicKey": public.public_bytes(Encoding.DER, form)}

        return self._cloud.make("GetPublicKey", arguments, get)

    def generate_data_key(self, **arguments: Any) -> Any:
        def generate() -> dict[str, bytes]:
            secret, nonce = self._cloud.random_bytes(32), self._cloud.random_bytes(12)
            sealed = _wrapping_key().encrypt(nonce, secret, _context(arguments))
            return {"Plaintext": secret, "CiphertextBlob": nonce + sealed}

        return self._cloud.make("GenerateDataKey", arguments, generate)

    def decrypt(self, **arguments: Any) -> Any:
        def decrypt() -> dict[str, bytes]:
            blob = arguments["CiphertextBlob"]
            try:
                secret = _wrapping_key().decrypt(blob[:12], blob[12:], _context(arguments))
            except InvalidTag as error:
                raise _gone("Decrypt", "InvalidCiphertextException") from error
            return {"Plaintext": secret}

        return self._cloud.make("Decrypt", arguments, decrypt)


class StsClient:
    """What says whose account it is."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get_caller_identity(self, **arguments: Any) -> Any:
        return self._cloud.make("GetCallerIdentity", arguments, lambda: {"Account": "123456789012"})


@cache
def _signing_key(alias: str) -> ec.EllipticCurvePrivateKey:
    which = next((n for n, name in enumerate(("nodes-a", "nodes-b"), 1) if name in alias), 0)
    return ec.derive_private_key(5 * 10**76 + which, ec.SECP256R1())


@cache
def _wrapping_key() -> AESGCM:
    return AESGCM(bytes(32))


def _context(arguments: Mapping[str, Any]) -> bytes:
    return json.dumps(arguments["EncryptionContext"], sort_keys=True).encode()


def _tag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _gone(operation: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, operation)
