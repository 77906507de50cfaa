"""The terms of a job in requests: what each may be, and what they make of a job."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic import model_validator as checked

from chalicelib.background.backoff import CAP, Backoff
from chalicelib.background.service import MOST_ATTEMPTS
from chalicelib.functions.http.fields import refusal, within
from chalicelib.scheduler.terms import (
    MOST_BACKOFF,
    MOST_FAILURES,
    MOST_JITTER,
    MOST_RUNS,
    CronMisfirePolicy,
)

_SECOND = timedelta(seconds=1)
_JITTER, _PAUSE = MOST_JITTER // _SECOND, MOST_BACKOFF // _SECOND
_BACKOFF = ("backoff_seconds", "backoff_cap_seconds", "backoff_jitter_percent")


def _misfire(value: Any) -> CronMisfirePolicy:
    try:
        return CronMisfirePolicy(value)
    except ValueError:
        raise refusal("it is no misfire policy", f"use {', '.join(CronMisfirePolicy)}") from None


def _number(least: int, most: int, description: str) -> Any:
    extra: dict[str, Any] = {"minimum": least, "maximum": most}
    return (
        AfterValidator(within(least, most)),
        Field(description=description, json_schema_extra=extra),
    )


Misfire = Annotated[
    CronMisfirePolicy,
    BeforeValidator(_misfire),
    WithJsonSchema(
        {
            "description": "What becomes of slots that were missed: none runs, or up to three of "
            "the last day do.",
            "type": "string",
            "enum": [*CronMisfirePolicy],
        }
    ),
]
Jitter = Annotated[
    int,
    *_number(0, _JITTER, "A slot begins up to so much later; never past halfway to the next."),
]
Attempts = Annotated[int, *_number(1, MOST_ATTEMPTS, "Tries that each slot gets.")]
BackoffSeconds = Annotated[
    int, *_number(1, _PAUSE, "The pause after a first failed attempt; doubled for each further.")
]
CapSeconds = Annotated[int, *_number(1, _PAUSE, "The longest such pause; an hour unless given.")]
Percent = Annotated[int, *_number(0, 100, "By how much such a pause may be shorter.")]
Runs = Annotated[int, *_number(1, MOST_RUNS, "After so many runs the job is completed.")]
Failures = Annotated[
    int, *_number(1, MOST_FAILURES, "After so many failures in a row the job is paused.")
]


class JobTerms(BaseModel):
    """How the slots of a job are run."""

    misfire: Misfire = CronMisfirePolicy.SKIP
    jitter_seconds: Jitter = 0
    max_attempts: Annotated[
        Attempts | None, Field(description="The setting `tasks.max_attempts` where it is null.")
    ] = None
    backoff_seconds: Annotated[
        BackoffSeconds | None, Field(description="That of the settings where it is null.")
    ] = None
    backoff_cap_seconds: CapSeconds | None = None
    backoff_jitter_percent: Percent | None = None
    max_runs: Runs | None = None
    pause_after_failures: Failures | None = None

    @checked(mode="after")
    def _has_a_whole_backoff(self) -> Self:
        given = [name for name in _BACKOFF[1:] if getattr(self, name) is not None]
        if given and self.backoff_seconds is None:
            raise refusal(f"{given[0]} goes with backoff_seconds", "send that, too")
        return self


def terms(new: JobTerms, max_attempts: int) -> Mapping[str, Any]:
    """Return the terms that a request gives, by the names of a job's.

    Args:
        new: the request.
        max_attempts: what null stands for.
    """
    given: dict[str, Any] = {}
    said = new.model_fields_set
    if "misfire" in said:
        given["misfire"] = new.misfire
    if "jitter_seconds" in said:
        given["jitter"] = new.jitter_seconds * _SECOND
    if "max_attempts" in said:
        given["max_attempts"] = new.max_attempts or max_attempts
    if said & set(_BACKOFF):
        given["backoff"] = _backoff(new)
    if "max_runs" in said:
        given["max_runs"] = new.max_runs
    if "pause_after_failures" in said:
        given["pause_after"] = new.pause_after_failures
    return given


def _backoff(new: JobTerms) -> Backoff | None:
    if new.backoff_seconds is None:
        return None
    cap = new.backoff_cap_seconds
    base = new.backoff_seconds * _SECOND
    longest = max(CAP, base) if cap is None else cap * _SECOND
    return Backoff(base, longest, new.backoff_jitter_percent or 0)
