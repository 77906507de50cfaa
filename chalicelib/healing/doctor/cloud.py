"""Cloud: what AWS says of itself, and that it does not say it where it does not.

A local cloud lacks some of AWS, and enforces less: what cannot be known there is never taken for
good.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from chalicelib import aws
from chalicelib.errors import Unavailable
from chalicelib.healing.doctor.check import NotKnown

_FORBIDDEN = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
)
_MISSING = frozenset(
    {
        *("InvalidAction", "NotImplemented", "NotImplementedException", "UnknownOperation"),
        *("UnknownOperationException", "UnsupportedOperation", "UnsupportedOperationException"),
    }
)
# By service: what it says of what is not there.
ABSENT = frozenset(
    {
        *("ResourceNotFoundException", "TableNotFoundException", "NoSuchEntity", "NoSuchBucket"),
        *("NotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        "404",
    }
)


@dataclass(kw_only=True, eq=False, repr=False)
class Cloud:
    """Asks services of AWS; clients are made on first use.

    Attributes:
        is_local: an emulator stands in for AWS.
    """

    is_local: bool
    _clients: dict[str, Any] = field(default_factory=dict)

    def ask(
        self, service: str, operation: str, absent: Collection[str] = ABSENT, **arguments: Any
    ) -> Mapping[str, Any] | None:
        """Return an answer; None where what is asked about is not there.

        Args:
            service: as botocore calls it.
            operation: as botocore's method is called.
            absent: the codes that mean that it is not there.
            arguments: the operation's.

        Raises:
            NotKnown: the doctor may not ask, or this cloud does not have it.
            Unavailable: nobody answered.
        """
        try:
            return aws.call(service, getattr(self._client(service), operation), **arguments)
        except Unavailable as error:
            code = aws.code(error)
            if code in absent:
                return None
            if code in _FORBIDDEN:
                raise NotKnown(f"the doctor may not ask: {service} {operation}") from error
            if code in _MISSING:
                raise NotKnown(f"not known here: no {service} {operation} in this cloud") from error
            raise

    def refuse_local(self, what: str) -> None:
        """Refuse to say what an emulator does not do as AWS does it.

        Raises:
            NotKnown: this is one.
        """
        if self.is_local:
            raise NotKnown(f"not known here: {what}")

    def bucket(self, name: str) -> str:
        """Return the stage's name of a bucket."""
        return aws.bucket(self._client("s3"), name)

    def date(self) -> datetime:
        """Return what time it is by AWS, to the second, rounded down.

        Raises:
            NotKnown: the answer does not say it.
            Unavailable: nobody answered.
        """
        answer = self.ask("sts", "get_caller_identity") or {}
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            return parsedate_to_datetime(told)
        except (TypeError, ValueError) as error:
            raise NotKnown("the answer of STS says no date") from error

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = aws.client(service)
        return self._clients[service]
