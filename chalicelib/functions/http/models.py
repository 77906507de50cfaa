"""The shapes of requests. What they refuse, they refuse with the field and the fix."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from chalicelib.clock import from_ms, to_ms
from chalicelib.functions.http.identifier import is_identifier

_NAME_BYTES = 128
_PROMPT_BYTES = 16_384
_TOOLS = 32
_DEDUPE_KEY_CHARACTERS = 256
_REASON_CHARACTERS = 200
_GROUP = re.compile(r"[A-Za-z0-9_-]{1,64}")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_AN_INSTANT = "send one as 2026-11-22T12:00:00Z"
# What is further away is a mistake, and leaves no room for leases and delays.
_LAST_YEAR = 9_000


def _text(most_bytes: int) -> AfterValidator:
    """Return a check that a text says something in at most so many bytes of UTF-8."""

    def check(value: str) -> str:
        size = _whole(value)
        if not value.strip():
            raise _refusal("it is empty", "say something")
        if size > most_bytes:
            raise _refusal(f"it has {size} bytes", f"use at most {most_bytes} bytes")
        return value

    return AfterValidator(check)


def _whole(value: str) -> int:
    """Return the bytes of a text in UTF-8; half a character has none."""
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        raise _refusal("it contains half a character", "send whole characters") from None


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what could be read as JSON, but not be kept or handed on."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise _refusal("it is nested too deep", "use fewer levels") from None
    except ValueError:
        raise _refusal("it contains a number that is too large", "use a smaller one") from None
    _whole(written)
    return value


def _characters(most: int) -> AfterValidator:
    """Return a check that a text says something in at most so many characters."""

    def check(value: str) -> str:
        _whole(value)
        if not value.strip():
            raise _refusal("it is empty", "say something, or leave it out")
        if len(value) > most:
            raise _refusal(f"it has {len(value)} characters", f"use at most {most}")
        return value

    return AfterValidator(check)


def _instant(value: Any) -> datetime | None:
    """Return the instant of an RFC 3339 text, in whole milliseconds, as tables keep it."""
    if value is None:
        return None
    form = _RFC3339.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise _refusal("it is not an RFC 3339 date and time", _AN_INSTANT)
    if not form["zone"]:
        raise _refusal("it does not say its offset from UTC", "append Z, or an offset as +01:00")
    try:
        instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refusal("there is no such instant", _AN_INSTANT) from None
    if instant.year > _LAST_YEAR:
        raise _refusal("it is too far away", f"use a year up to {_LAST_YEAR}")
    return from_ms(to_ms(instant))


def _task_id(value: str) -> str:
    if not is_identifier(value):
        raise _refusal("it is not the id of a task", "send the id of the task that delegates")
    return value


def _group_name(value: str) -> str:
    if not _GROUP.fullmatch(value):
        raise _refusal("it is not the name of a group", "use 1 to 64 of A-Z a-z 0-9 _ and -")
    return value


def _distinct(values: list[str]) -> list[str]:
    if len(values) > _TOOLS:
        raise _refusal(f"it has {len(values)} items", f"use at most {_TOOLS}")
    if len(set(values)) != len(values):
        raise _refusal("it repeats an item", "name each once")
    return values


def _refusal(detail: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{detail}", {"detail": detail, "fix": fix})


class NewJob(BaseModel):
    """The body of `POST /v1/jobs`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, _text(_NAME_BYTES)]
    schedule: dict[str, Any]
    prompt: Annotated[str, _text(_PROMPT_BYTES)]
    tools: Annotated[list[str], AfterValidator(_distinct)] = []


class NewTask(BaseModel):
    """The body of `POST /v1/tasks`."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, _text(_NAME_BYTES)]
    payload: Annotated[dict[str, Any], AfterValidator(_storable)]
    priority: int = 0
    max_attempts: int | None = None
    not_before: Annotated[datetime | None, BeforeValidator(_instant)] = None
    expires_at: Annotated[datetime | None, BeforeValidator(_instant)] = None
    dedupe_key: Annotated[str, _characters(_DEDUPE_KEY_CHARACTERS)] | None = None
    parent: Annotated[str, AfterValidator(_task_id)] | None = None
    group: Annotated[str, AfterValidator(_group_name)] | None = None
    serial: bool = False


class Cancel(BaseModel):
    """The body of `POST /v1/tasks/{id}/cancel`, which may be left out."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, _characters(_REASON_CHARACTERS)] = "cancelled by an operator"


class Nothing(BaseModel):
    """The body of a `POST` that says everything by its path."""

    model_config = ConfigDict(extra="forbid")
