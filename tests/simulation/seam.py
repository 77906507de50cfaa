"""Where the simulator takes AWS's place: PynamoDB's client, and the clients of other services."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pynamodb.connection.base import Connection

import chalicelib.aws

type Call = Callable[[str, dict[str, Any]], Any]

_TOKENS = itertools.count(1)


class Client:
    """What PynamoDB asks of botocore's client."""

    _request_signer = None

    def __init__(self, call: Call) -> None:
        self._call = call

    def _make_api_call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Call with a copy of the arguments, and a token where botocore adds one."""
        copy = dict(arguments)
        if operation == "TransactWriteItems":
            # The same order of calls has the same tokens, and no two calls of a process share one.
            copy.setdefault("ClientRequestToken", f"simulated-{next(_TOKENS)}")
        return self._call(operation, copy)


@contextmanager
def install(dynamo: Call, clients: Callable[[str], Any]) -> Iterator[None]:
    """Answer every DynamoDB call by a function, and make the clients of other services by another.

    It works on the classes, so it covers connections that models have cached, and caches nothing
    in them.

    Args:
        dynamo: takes an operation and its arguments, as SimDynamo.call does.
        clients: takes the name of a service and returns its client.
    """
    with (
        patch.object(Connection, "client", Client(dynamo)),
        patch.object(chalicelib.aws, "client", clients),
    ):
        yield
