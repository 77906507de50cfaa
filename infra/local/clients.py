"""AWS clients of an emulator, MiniStack or LocalStack: made by localstack-client, all of them.

Real accounts are not for this module: its clients can call nothing but an emulator. Nor are the
functions themselves, which know of no emulator: it tells them its endpoint by AWS_ENDPOINT_URL.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from localstack_client.session import Session

from infra.local.environment import REGION

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
_ENDPOINT = "AWS_ENDPOINT_URL"


def client(service: str, endpoint: str | None = None, **options: Any) -> Any:
    """Return a client of a service.

    Args:
        service: its name to boto3.
        endpoint: the emulator's; of this process's environment, if it is not said.
        options: what else boto3's `client` takes.
    """
    return _session(endpoint).client(service, **options)


def resource(service: str, endpoint: str | None = None) -> Any:
    """Return boto3's resource of a service; the arguments are those of `client`."""
    return _session(endpoint).resource(service)


def _session(endpoint: str | None) -> Session:
    entered = os.environ.get(_ENDPOINT)
    if entered and endpoint not in (None, entered):
        # localstack-client would prefer the variable, and call another emulator without a word.
        raise ValueError(f"{_ENDPOINT} is {entered}, and a client of {endpoint} was asked for")
    host = urlsplit(endpoint).netloc if endpoint else None
    return Session(**CREDENTIALS, region_name=REGION, localstack_host=host)
