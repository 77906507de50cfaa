"""Clients of AWS services other than DynamoDB, made once per container on first use."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from chalicelib.errors import Unavailable
from chalicelib.settings import resource

_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_TRIES = 4
# Without the right to list a bucket, what is not there is forbidden.
HIDDEN = frozenset({"NoSuchKey", "404", "AccessDenied", "403"})


@cache
def _session() -> Session:
    return get_session()


def client(service: str) -> Any:
    """Return a new client of a service, with short timeouts and four tries.

    It is botocore's, not boto3's: importing boto3 takes as long as all the rest of a worker.
    """
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        # What botocore signs links with by itself is older, and refused by newer regions.
        signature_version="s3v4" if service == "s3" else None,
    )
    return _session().create_client(service, config=config)


def call(
    service: str, operation: Callable[..., Mapping[str, Any]], **arguments: Any
) -> Mapping[str, Any]:
    """Call an operation of a client.

    Raises:
        Unavailable: the service did not answer, or refused; the effect is unknown.
    """
    try:
        return operation(**arguments)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(
            f"{service} did not answer: {type(error).__name__}", fix="try again"
        ) from error


def code(error: Unavailable) -> str:
    """Return the code of the answer that an error came from; empty where there was none."""
    response = getattr(error.__cause__, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def read_object(s3: Any, bucket: str, key: str) -> bytes:
    """Return the content of an object.

    Raises:
        Unavailable: S3 did not answer, or broke off.
    """

    def read(**where: str) -> Mapping[str, Any]:
        return {"content": s3.get_object(**where)["Body"].read()}

    content: bytes = call("S3", read, Bucket=bucket, Key=key)["content"]
    return content


def find_object(s3: Any, bucket: str, key: str, absent: frozenset[str] = HIDDEN) -> bytes | None:
    """Return the content of an object, or None where there is none.

    Args:
        s3: a client.
        bucket: its name.
        key: the object's name.
        absent: the codes of answers that mean that there is none.

    Raises:
        Unavailable: S3 did not answer, or broke off.
    """
    try:
        return read_object(s3, bucket, key)
    except Unavailable as error:
        if code(error) in absent:
            return None
        raise


def bucket(s3: Any, name: str) -> str:
    """Return the stage's name of a bucket; such names are the whole world's.

    So this one carries the account, which is asked for, and the region of a client of S3.

    Raises:
        Unavailable: STS did not answer.
    """
    account = call("STS", client("sts").get_caller_identity)["Account"]
    return resource(f"{account}-{s3.meta.region_name}-{name}")
