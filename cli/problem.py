"""Why a command did not do what it was asked: what, which field, and the fix."""

from enum import IntEnum
from http import HTTPStatus
from typing import Any, NamedTuple, Self


class Exit(IntEnum):
    """What a command's exit code says; the same with and without `--json`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    DENIED = 4
    CONFLICT = 5
    UNAVAILABLE = 69
    INTERRUPTED = 130


_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: Exit.DENIED,
    HTTPStatus.FORBIDDEN: Exit.DENIED,
    HTTPStatus.NOT_FOUND: Exit.NOT_FOUND,
    HTTPStatus.CONFLICT: Exit.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED: Exit.CONFLICT,
    HTTPStatus.TOO_MANY_REQUESTS: Exit.UNAVAILABLE,
    HTTPStatus.BAD_GATEWAY: Exit.UNAVAILABLE,
    HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: Exit.UNAVAILABLE,
}


class Fault(NamedTuple):
    """One field to blame."""

    field: str
    detail: str
    fix: str


class Problem(Exception):
    """The command was refused, or nobody was there to ask.

    Attributes:
        document: what `--json` shows: the API's own problem (RFC 9457), or one of the same shape.
    """

    def __init__(self, code: Exit, document: dict[str, Any]) -> None:
        super().__init__(str(document.get("detail", "")))
        self.code = code
        self.document = document

    @classmethod
    def of(cls, code: Exit, detail: str, fix: str) -> Self:
        """Return a problem that the API was not asked about."""
        name = code.name.lower().replace("_", "-")
        return cls(code, {"type": f"urn:palyra:cli:{name}", "detail": detail, "fix": fix})

    @classmethod
    def answered(cls, status: int, document: dict[str, Any]) -> Self:
        """Return what the API refused."""
        return cls(_BY_STATUS.get(HTTPStatus(status), Exit.FAILED), document)

    def with_fix(self, fix: str) -> Self:
        """Return the same problem with something else to do about it."""
        return type(self)(self.code, self.document | {"fix": fix})

    @property
    def what(self) -> str:
        """Return what went wrong."""
        return str(self.document.get("detail") or self.document.get("title") or "it failed")

    @property
    def fix(self) -> str:
        """Return what to do about it, or nothing."""
        return str(self.document.get("fix") or "")

    @property
    def faults(self) -> list[Fault]:
        """Return the fields to blame."""
        return [
            Fault(str(each.get("field", "")), str(each.get("detail", "")), str(each.get("fix", "")))
            for each in self.document.get("errors", [])
        ]
