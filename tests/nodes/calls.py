"""The calls to AWS that a node's call leads to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from tests.nodes.gateway import Reply


@contextmanager
def failing(*operations: str) -> Iterator[None]:
    """Let some operations not be answered."""
    make = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: Any) -> Any:
        if operation in operations:
            raise EndpointConnectionError(endpoint_url=operation)
        return make(client, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield


def requests(call: Callable[[], Reply]) -> list[str]:
    """Return the operations that a call that is let in leads to."""
    made: list[str] = []
    make = BaseClient._make_api_call

    def count(client: Any, operation: str, arguments: Any) -> Any:
        made.append(operation)
        return make(client, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", count)
        assert call().status == 200
    return made
