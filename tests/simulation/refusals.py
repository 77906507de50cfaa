"""How DynamoDB says no: its error codes, as botocore raises them."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

CONDITION_FAILED = "The conditional request failed"


class Refusal(Exception):
    """A call is refused.

    Attributes:
        code: DynamoDB's error code.
        message: DynamoDB's words, or close to them.
        details: further members of the reply: `Item`, `CancellationReasons`.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details or {}

    def error(self, operation: str) -> ClientError:
        """Return it as botocore raises it for an operation."""
        error = {"Code": self.code, "Message": self.message}
        reply: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return ClientError(reply | dict(self.details), operation)


class Invalid(Refusal):
    """The call is not well-formed, or does not fit the item: `ValidationException`."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


def invalid_parameter(message: str) -> Invalid:
    """Return a refusal of a value."""
    return Invalid(f"One or more parameter values were invalid: {message}")


def condition_failed(item: Mapping[str, Any] | None) -> Refusal:
    """Return the refusal of a single write, with the item that refused it where that was asked."""
    details = {"Item": item} if item else {}
    return Refusal("ConditionalCheckFailedException", CONDITION_FAILED, details)
