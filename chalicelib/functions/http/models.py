"""The shapes of requests. What they refuse, they refuse with the field and the fix."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chalicelib.background.events import UNSAID
from chalicelib.background.service import MOST_ATTEMPTS
from chalicelib.background.task import HIGHEST_PRIORITY, LOWEST_PRIORITY
from chalicelib.functions.http.fields import (
    DedupeKey,
    Group,
    Instant,
    Kind,
    Name,
    Payload,
    Prompt,
    Reason,
    Schedule,
    TaskId,
    Tools,
    refusal,
)


class NewJob(BaseModel):
    """A job that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    schedule: Schedule
    prompt: Prompt
    tools: Tools = []


class JobChange(BaseModel):
    """What is to be changed of a job; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # The defaults are never looked at, and null is none of the values.
    name: Name = Field(default_factory=str)
    schedule: Schedule = Field(default_factory=dict)
    prompt: Prompt = Field(default_factory=str)
    tools: Tools = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise refusal("it changes nothing", "send name, schedule, prompt or tools")
        return self


class NewTask(BaseModel):
    """A task that is to be made."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    payload: Payload
    priority: Annotated[
        int,
        Field(
            description="Above 0 is lane high, below 0 lane low.",
            json_schema_extra={"minimum": LOWEST_PRIORITY, "maximum": HIGHEST_PRIORITY},
        ),
    ] = 0
    max_attempts: Annotated[
        int | None,
        Field(
            description="The setting `tasks.max_attempts` where it is null.",
            json_schema_extra={"minimum": 1, "maximum": MOST_ATTEMPTS},
        ),
    ] = None
    not_before: Annotated[Instant, Field(description="It begins no earlier.")] = None
    expires_at: Annotated[Instant, Field(description="It ends expired then.")] = None
    dedupe_key: DedupeKey = None
    parent: Annotated[TaskId | None, Field(description="The id of the task that delegates it.")] = (
        None
    )
    group: Group = None
    serial: Annotated[
        bool, Field(description="It waits for those of its group that were made before it.")
    ] = False


class Cancel(BaseModel):
    """Why a task is to stop."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = UNSAID


class NewExport(BaseModel):
    """Which entries of the journal are to be exported; all of them where nothing is said."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str | None, Field(description="As of `GET /v1/journal`.")] = None
    actor: str | None = None
    subject: str | None = None
    stream: int | None = None
    since: Annotated[
        str | None,
        Field(
            alias="from",
            description="Not before this instant.",
            json_schema_extra={"format": "date-time"},
        ),
    ] = None
    until: Annotated[
        str | None,
        Field(description="Before this instant.", json_schema_extra={"format": "date-time"}),
    ] = None
    text: str | None = None


class NewErasure(BaseModel):
    """What is to be erased, and why."""

    model_config = ConfigDict(extra="forbid")

    subject: Annotated[
        str,
        Field(description="The id of a deleted job, or of a task that ended; all of it goes."),
    ]
    reason: Annotated[
        str,
        Field(description="1 to 200 characters that name nobody: they stay, for all to read."),
    ]


class Nothing(BaseModel):
    """Nothing: the path says everything."""

    model_config = ConfigDict(extra="forbid")
