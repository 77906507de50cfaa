"""The shapes of requests. What they refuse, they refuse with the field and the fix."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.background.events import UNSAID
from chalicelib.background.service import MOST_ATTEMPTS
from chalicelib.background.task import HIGHEST_PRIORITY, LOWEST_PRIORITY
from chalicelib.functions.http.fields import (
    Concurrency,
    DedupeKey,
    Group,
    Instant,
    Kind,
    Name,
    Payload,
    PolicyNote,
    PolicyNumber,
    PolicySource,
    Prompt,
    Reason,
    Schedule,
    TaskId,
    Tools,
    TriggerType,
    refusal,
    within,
)
from chalicelib.functions.http.job_terms import JobTerms
from chalicelib.healing.doctor.orders import MOST_KEY_CHARACTERS, MOST_NAMES
from chalicelib.policy.dry_run import MOST_DECISIONS
from chalicelib.scheduler.job import CronConcurrencyPolicy
from chalicelib.scheduler.making_up import DEFAULT_REPLAYS
from chalicelib.scheduler.past import MOST_AT_ONCE

type CheckNames = Annotated[
    list[Annotated[str, Field(max_length=MOST_KEY_CHARACTERS)]],
    Field(
        description="Keys of checks, or rooms: `tables.schema`, `tables`.", max_length=MOST_NAMES
    ),
]


class NewJob(JobTerms):
    """A job that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    schedule: Schedule
    prompt: Prompt
    tools: Tools = Field(default_factory=list)
    concurrency: Concurrency = CronConcurrencyPolicy.FORBID


class JobChange(JobTerms):
    """What is to be changed of a job; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    # The defaults are never looked at, and null is none of the values.
    name: Name = Field(default_factory=str)
    schedule: Schedule = Field(default_factory=dict)
    prompt: Prompt = Field(default_factory=str)
    tools: Tools = Field(default_factory=list)
    concurrency: Concurrency = Field(default_factory=lambda: CronConcurrencyPolicy.FORBID)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise refusal("it changes nothing", "send name, schedule, prompt, tools or a policy")
        return self


class Trigger(BaseModel):
    """What makes a routine run."""

    model_config = ConfigDict(extra="forbid")

    type: TriggerType
    schedule: Schedule


class Triggered(BaseModel):
    """What a routine says besides what a job does; the default is never looked at."""

    trigger: Trigger = Field(default_factory=lambda: Trigger(type="schedule", schedule={}))


class NewRoutine(Triggered, NewJob):
    """A routine that is to be made; `schedule` is short for a trigger of that type."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"oneOf": [{"required": ["trigger"]}, {"required": ["schedule"]}]},
    )

    schedule: Schedule = Field(default_factory=dict)


class RoutineChange(Triggered, JobChange):
    """What is to be changed of a routine; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})


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


class ApprovalDecision(BaseModel):
    """What becomes of an approval: it is decided once."""

    model_config = ConfigDict(extra="forbid")

    decision: Annotated[Literal["approve", "deny"], Field(description="Whether it may be done.")]
    scope: Annotated[
        Literal["once", "run", "routine"] | None,
        Field(
            description="What an approval is good for: this call, the tool for the rest of the "
            "run, or the tool in all runs of the routine while that stays as it is. `once` where "
            "nothing is said; a denial has none."
        ),
    ] = None
    reason: Annotated[Reason | None, Field(description="Why; it is kept sealed.")] = None


class Resolution(BaseModel):
    """Why a fault is believed to be gone."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = "resolved by an operator"


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
        Field(
            description="The id of a deleted job, of a task that ended, of a node that was thrown"
            " out, or of an incident; all of it goes."
        ),
    ]
    reason: Annotated[
        str,
        Field(description="1 to 200 characters that name nobody: they stay, for all to read."),
    ]


class PolicyText(BaseModel):
    """Policies, as an operator writes them."""

    model_config = ConfigDict(extra="forbid")

    text: PolicySource


class NewPolicies(PolicyText):
    """A version of the policies that is to be kept."""

    note: PolicyNote | None = None


class PolicyTrial(BaseModel):
    """Policies that are asked what was decided lately: a draft, or a version that was kept."""

    model_config = ConfigDict(extra="forbid")

    text: PolicySource | None = None
    version: PolicyNumber | None = None
    limit: Annotated[
        int,
        AfterValidator(within(1, MOST_DECISIONS)),
        Field(
            description="How many of the latest dispatches are looked at.",
            json_schema_extra={"minimum": 1, "maximum": MOST_DECISIONS},
        ),
    ] = 200


class PolicyWhatIf(BaseModel):
    """A request that somebody wonders about; nothing is done."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[
        str, Field(description="`dispatch`, `invoke`, or an operation of the API: its id here.")
    ]
    job_id: Annotated[
        str | None, Field(description="The job that is dispatched, or that is operated on.")
    ] = None
    tool: Annotated[str | None, Field(description="Of `invoke`: the tool that is called.")] = None
    role: Annotated[
        Literal["viewer", "operator", "admin"] | None,
        Field(description="Of an operation: who asks; the caller's own role where it is null."),
    ] = None
    version: PolicyNumber | None = None


class JobPause(BaseModel):
    """Until when a job is paused; for good where nothing is said."""

    model_config = ConfigDict(extra="forbid")

    until: Annotated[
        Instant, Field(description="It resumes by itself then; no slot at or before it fires.")
    ] = None


class ReviewDecision(BaseModel):
    """What is to become of slots that were missed too long ago to catch up."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["replay", "dismiss"]
    limit: Annotated[
        int,
        AfterValidator(within(1, MOST_AT_ONCE)),
        Field(
            description="Of a replay: how many run, the newest.",
            json_schema_extra={"minimum": 1, "maximum": MOST_AT_ONCE},
        ),
    ] = DEFAULT_REPLAYS


class NewBackfill(BaseModel):
    """The range of the past whose slots are to fire."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[Instant, Field(alias="from", description="From this instant on.")]
    until: Annotated[Instant, Field(alias="to", description="Up to this one; not to come.")]
    limit: Annotated[
        int,
        AfterValidator(within(1, MOST_AT_ONCE)),
        Field(
            description="How many slots at most, the oldest first.",
            json_schema_extra={"minimum": 1, "maximum": MOST_AT_ONCE},
        ),
    ] = MOST_AT_ONCE


class GateChange(BaseModel):
    """Whether work may begin, and whose."""

    model_config = ConfigDict(extra="forbid")

    paused: bool
    scope: Annotated[
        Literal["owner", "everything"],
        Field(description="`everything` is everybody's, and for admins of the owner main."),
    ] = "owner"


class NewExamination(BaseModel):
    """What the doctor is to look at; everything where nothing is said."""

    model_config = ConfigDict(extra="forbid")

    only: CheckNames = Field(default_factory=list)
    skip: CheckNames = Field(default_factory=list)
    since: Annotated[
        Instant,
        Field(description="From when on the ledger is looked at; the last hour, up to 31 days."),
    ] = None


class Nothing(BaseModel):
    """Nothing: the path says everything."""

    model_config = ConfigDict(extra="forbid")
