"""The shapes that answers of every sort have.

What one sort of answer shows stands in a module of its own: `job_views`, `task_views` and so on.
It is what `render` returns, mypy checks and OpenAPI shows. Nothing is validated when a request is
answered; the tests hold every answer against these shapes.
"""

from typing import Annotated, NotRequired, TypedDict

from pydantic import Field

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class Page[T](TypedDict):
    """A page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[T]
    next: str | None


class Fault(TypedDict):
    """One thing wrong with a request: where, what, and how to mend it."""

    field: str
    detail: str
    fix: str


class Problem(TypedDict):
    """Why a request was refused (RFC 9457), and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    fix: NotRequired[str]
    errors: NotRequired[list[Fault]]
