"""Faults at the AWS calls that the code under test really makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import botocore.client
import botocore.exceptions

_REAL = botocore.client.BaseClient._make_api_call


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


@dataclass
class Calls:
    """The AWS calls made so far, as `Operation table`."""

    made: list[str] = field(default_factory=list)


@contextmanager
def recorded() -> Iterator[Calls]:
    """Record the AWS calls."""
    calls = Calls()

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        calls.made.append(_name(operation, arguments))
        return _REAL(client, operation, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield calls


@contextmanager
def crash(at: int, *, after: bool) -> Iterator[None]:
    """Die before or after the call of a number, counted from 1."""
    count = 0

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        if count == at and not after:
            raise Crash
        answer = _REAL(client, operation, arguments)
        if count == at:
            raise Crash
        return answer

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


@contextmanager
def every_write_retried() -> Iterator[None]:
    """Lose the first reply of every write: the SDK repeats it, and its answer is the second one.

    Transactions are left out: the SDK repeats those with the same token, and DynamoDB answers the
    repeat with success.
    """

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation in {"PutItem", "UpdateItem", "SendMessage"}:
            _REAL(client, operation, arguments)
        return _REAL(client, operation, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


@contextmanager
def every_transaction_repeated() -> Iterator[None]:
    """Make every transaction twice, as after a lost reply that the SDK's token no longer covers."""

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "TransactWriteItems":
            _REAL(client, operation, arguments)
            arguments = {**arguments, "ClientRequestToken": "another"}
        return _REAL(client, operation, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


@contextmanager
def replies_of_transactions_lost() -> Iterator[None]:
    """Make every transaction, and never tell whether it was made."""

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        answer = _REAL(client, operation, arguments)
        if operation == "TransactWriteItems":
            raise botocore.exceptions.ReadTimeoutError(endpoint_url="dynamodb")
        return answer

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


@contextmanager
def before(operation: str, table: str, act: Any) -> Iterator[None]:
    """Do something just before the first call of an operation on a table (none: transactions)."""
    pending = [act]

    def call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if pending and _name(name, arguments) == f"{operation} {table}".strip():
            pending.pop()()
        return _REAL(client, name, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


def _name(operation: str, arguments: dict[str, Any]) -> str:
    table = str(arguments.get("TableName", "")).removeprefix("palyra-local-")
    return f"{operation} {table}".strip()
