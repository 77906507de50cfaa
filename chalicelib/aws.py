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


def bucket(s3: Any, name: str) -> str:
    """Return the stage's name of a bucket; such names are the whole world's.

    So this one carries the account, which is asked for, and the region of a client of S3.

    Raises:
        Unavailable: STS did not answer.
    """
    account = call("STS", client("sts").get_caller_identity)["Account"]
    return resource(f"{account}-{s3.meta.region_name}-{name}")
