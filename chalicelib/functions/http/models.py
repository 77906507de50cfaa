"""The shapes of requests. What they refuse, they refuse with the field and the fix."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

_NAME_BYTES = 128
_PROMPT_BYTES = 16_384
_TOOLS = 32


def _text(most_bytes: int) -> AfterValidator:
    """Return a check that a text says something in at most so many bytes of UTF-8."""

    def check(value: str) -> str:
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise _refusal("it contains half a character", "send whole characters") from None
        if not value.strip():
            raise _refusal("it is empty", "say something")
        if size > most_bytes:
            raise _refusal(f"it has {size} bytes", f"use at most {most_bytes} bytes")
        return value

    return AfterValidator(check)


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
