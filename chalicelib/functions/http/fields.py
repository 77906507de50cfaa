"""The fields of requests: what each may be, and what it is refused with where it is not.

A check refuses with the fix; the schema beside it tells OpenAPI the same.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from chalicelib.clock import NotAnInstant, from_ms, read_rfc3339, to_ms
from chalicelib.functions.http.identifier import is_identifier
from chalicelib.policy.draft import MOST_BYTES, MOST_POLICIES
from chalicelib.scheduler.job import CronConcurrencyPolicy

_NAME_BYTES = 128
_PROMPT_BYTES = 16_384
_TOOLS = 32
_DEDUPE_KEY_CHARACTERS = 256
_REASON_CHARACTERS = 200
_NOTE_BYTES = 256
_LAST_VERSION = 999_999_999
TRIGGERS = ("schedule",)
_GROUP = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _text(most_bytes: int) -> AfterValidator:
    """Return a check that a text says something in at most so many bytes of UTF-8."""

    def check(value: str) -> str:
        size = _whole(value)
        if not value.strip():
            raise refusal("it is empty", "say something")
        if size > most_bytes:
            raise refusal(f"it has {size} bytes", f"use at most {most_bytes} bytes")
        return value

    return AfterValidator(check)


def _whole(value: str) -> int:
    """Return the bytes of a text in UTF-8; half a character has none."""
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        raise refusal("it contains half a character", "send whole characters") from None


def storable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what could be read as JSON, but not be kept or handed on."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise refusal("it is nested too deep", "use fewer levels") from None
    except ValueError:
        raise refusal("it contains a number that is too large", "use a smaller one") from None
    _whole(written)
    return value


def characters(most: int) -> AfterValidator:
    """Return a check that a text says something in at most so many characters."""

    def check(value: str) -> str:
        _whole(value)
        if not value.strip():
            raise refusal("it is empty", "say something, or leave it out")
        if len(value) > most:
            raise refusal(f"it has {len(value)} characters", f"use at most {most}")
        return value

    return AfterValidator(check)


def _instant(value: Any) -> datetime | None:
    """Return the instant of an RFC 3339 text, in whole milliseconds, as tables keep it."""
    if value is None:
        return None
    try:
        return from_ms(to_ms(read_rfc3339(value)))
    except NotAnInstant as wrong:
        raise refusal(wrong.detail, wrong.fix) from None


def _task_id(value: str) -> str:
    if not is_identifier(value):
        raise refusal("it is not the id of a task", "send the id of the task that delegates")
    return value


def _group_name(value: str) -> str:
    if not _GROUP.fullmatch(value):
        raise refusal("it is not the name of a group", "use 1 to 64 of A-Z a-z 0-9 _ and -")
    return value


def _distinct(values: list[str]) -> list[str]:
    if len(values) > _TOOLS:
        raise refusal(f"it has {len(values)} items", f"use at most {_TOOLS}")
    if len(set(values)) != len(values):
        raise refusal("it repeats an item", "name each once")
    return values


def within(least: int, most: int) -> Callable[[int], int]:
    """Return a check that a number is not outside these bounds."""

    def check(value: int) -> int:
        if not least <= value <= most:
            raise refusal(f"it is {value!s:.40}", f"use {least} to {most}")
        return value

    return check


def _policy(value: Any) -> CronConcurrencyPolicy:
    try:
        return CronConcurrencyPolicy(value)
    except ValueError:
        raise refusal(
            "it is no concurrency policy", f"use {', '.join(CronConcurrencyPolicy)}"
        ) from None


def _trigger_type(value: Any) -> str:
    if value in TRIGGERS:
        return str(value)
    told = f"there is no trigger {value[:80]!r}" if isinstance(value, str) else "it is no trigger"
    raise refusal(told, f"use: {', '.join(TRIGGERS)}")


def refusal(detail: str, fix: str) -> PydanticCustomError:
    """Return what a check raises: what is wrong, and how to mend it."""
    return PydanticCustomError("refused", "{detail}", {"detail": detail, "fix": fix})


Name = Annotated[
    str,
    _text(_NAME_BYTES),
    Field(
        description=f"At most {_NAME_BYTES} bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "maxLength": _NAME_BYTES},
    ),
]
Prompt = Annotated[
    str,
    _text(_PROMPT_BYTES),
    Field(
        description=f"What a run asks the model: at most {_PROMPT_BYTES} bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "maxLength": _PROMPT_BYTES},
    ),
]
Tools = Annotated[
    list[str],
    AfterValidator(_distinct),
    Field(
        description="The names of the tools that a run may use.",
        json_schema_extra={"maxItems": _TOOLS, "uniqueItems": True},
    ),
]
Concurrency = Annotated[
    CronConcurrencyPolicy,
    BeforeValidator(_policy),
    WithJsonSchema(
        {
            "description": "What becomes of a slot while another one of the job is live: it is "
            "skipped, takes that one's place, or waits for its end as the only one.",
            "type": "string",
            "enum": [*CronConcurrencyPolicy],
        }
    ),
]
Schedule = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "description": "When slots are due: an interval, the times of clocks, or one instant.",
            "oneOf": [
                {
                    "type": "object",
                    "required": ["every"],
                    "additionalProperties": False,
                    "properties": {
                        "every": {
                            "description": "10 seconds to 366 days, as `90`, `30s` or `1h30m`.",
                            "oneOf": [
                                {"type": "string", "pattern": "^[0-9]+[dhms]([0-9]+[hms])*$"},
                                {"type": "integer", "minimum": 10, "maximum": 31_622_400},
                            ],
                        }
                    },
                },
                {
                    "type": "object",
                    "required": ["cron"],
                    "additionalProperties": False,
                    "properties": {
                        "cron": {
                            "description": "Minute, hour, day, month and weekday, or `@daily`.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 128,
                        },
                        "timezone": {
                            "description": "The zone whose clocks decide, as `Europe/Berlin`.",
                            "type": "string",
                        },
                    },
                },
                {
                    "type": "object",
                    "required": ["at"],
                    "additionalProperties": False,
                    "properties": {
                        "at": {
                            "description": "An instant to come, with its offset from UTC.",
                            "type": "string",
                            "format": "date-time",
                        },
                        "timezone": {
                            "description": "The zone it is shown in, as `Europe/Berlin`.",
                            "type": "string",
                        },
                    },
                },
            ],
            "examples": [
                {"every": "60s"},
                {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"},
                {"at": "2026-11-22T13:00:00Z"},
            ],
        }
    ),
]
TriggerType = Annotated[
    str,
    BeforeValidator(_trigger_type),
    WithJsonSchema(
        {"description": "What makes it run.", "type": "string", "enum": [*TRIGGERS]},
    ),
]
Kind = Annotated[
    str, _text(_NAME_BYTES), Field(description="What kind of work, as `background_prompt`.")
]
Payload = Annotated[
    dict[str, Any],
    AfterValidator(storable),
    Field(
        description="What the kind asks for; of a prompt: `prompt`, `tools` and `then`.",
        examples=[{"prompt": "Summarize health", "tools": ["system.health"]}],
    ),
]
Instant = Annotated[datetime | None, BeforeValidator(_instant)]
DedupeKey = Annotated[
    Annotated[str, characters(_DEDUPE_KEY_CHARACTERS)] | None,
    Field(
        description="A task of this kind that was made with the same key is returned instead.",
        json_schema_extra={"maxLength": _DEDUPE_KEY_CHARACTERS},
    ),
]
TaskId = Annotated[str, AfterValidator(_task_id)]
Group = Annotated[
    Annotated[str, AfterValidator(_group_name)] | None,
    Field(
        description="The group among the parent's children that it belongs to.",
        json_schema_extra={"pattern": f"^{_GROUP.pattern}$"},
    ),
]
Reason = Annotated[
    str,
    characters(_REASON_CHARACTERS),
    Field(json_schema_extra={"minLength": 1, "maxLength": _REASON_CHARACTERS}),
]
PolicySource = Annotated[
    str,
    _text(MOST_BYTES),
    Field(
        description=f"Cedar: at most {MOST_POLICIES} policies, each with an `@id`.",
        json_schema_extra={"minLength": 1, "maxLength": MOST_BYTES},
        examples=['@id("stop") forbid (principal, action == Action::"dispatch", resource);'],
    ),
]
PolicyNote = Annotated[
    str,
    _text(_NOTE_BYTES),
    Field(
        description=f"What it is for: at most {_NOTE_BYTES} bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "maxLength": _NOTE_BYTES},
    ),
]
PolicyNumber = Annotated[
    int,
    AfterValidator(within(0, _LAST_VERSION)),
    Field(
        description="A version; 0 is that of the defaults alone.",
        json_schema_extra={"minimum": 0, "maximum": _LAST_VERSION},
    ),
]
