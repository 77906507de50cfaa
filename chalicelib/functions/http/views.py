"""The shapes of answers: what `render` returns, mypy checks and OpenAPI shows.

Nothing is validated when a request is answered; the tests hold every answer against these shapes.
"""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, WithJsonSchema

from chalicelib.approvals import prompt
from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.background.task import Lane, Origin, Outcome, State
from chalicelib.healing.decision import Cause
from chalicelib.healing.modes import Mode
from chalicelib.incidents.attempt import AttemptStatus
from chalicelib.incidents.incident import Change, IncidentState
from chalicelib.incidents.kind import BlastRadius, IncidentDomain, IncidentSeverity, Risk
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Role
from chalicelib.scheduler.job import CronConcurrencyPolicy, Hold, JobState
from chalicelib.scheduler.snapshot import JobHealth
from chalicelib.scheduler.terms import CronMisfirePolicy

TASK_STATES = (*State, "cancel_requested")
_RUN_STATES = ("running", *(state for state in State if state.is_terminal))
_ATTEMPT_STATES = (*State, "lost")

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
TaskState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*TASK_STATES]})]
AttemptState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*_ATTEMPT_STATES]})]
RunState = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": [s for s in State if s.is_terminal] + ["running"]}),
]
Source = Annotated[
    str, WithJsonSchema({"type": "string", "enum": ["default", "palyra.toml", "environment"]})
]
PolicyReason = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Reason]})]
PolicyEffect = Annotated[str, WithJsonSchema({"type": "string", "enum": ["permit", "forbid"]})]
PolicyAction = Annotated[str, WithJsonSchema({"type": "string", "enum": ["dispatch", "invoke"]})]
PolicyRole = Annotated[str, WithJsonSchema({"type": "string", "enum": [*Role]})]
ApprovalKind = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Kind]})]
ApprovalState = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.State]})]
ApprovalRisk = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Risk]})]
ApprovalScope = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Scope]})]
ApprovalCode = Annotated[str, WithJsonSchema({"type": "string", "enum": [*prompt.Code]})]
Schedule = Annotated[
    dict[str, str],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [
                {"every": "60s"},
                {"cron": "30 2 * * 1-5", "timezone": "Europe/Berlin"},
                {"at": "2026-11-22T13:00:00Z", "timezone": "Europe/Berlin"},
            ],
        }
    ),
]


class Page[T](TypedDict):
    """A page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[T]
    next: str | None


class SlotRange(TypedDict):
    """Slots from a first to a last one."""

    first: Instant
    last: Instant


class PreviewedSlot(TypedDict):
    """A slot to come, in UTC and as the clocks of its job show it."""

    slot: Instant
    local: Instant
    note: str | None


class Preview(TypedDict):
    """When a job fires next; it has no slots while it does not fire."""

    timezone: str | None
    slots: list[PreviewedSlot]


class Gate(TypedDict):
    """Whether everything is paused: by the owner, or for everybody."""

    paused: bool
    since: Instant | None
    by: str | None
    reason: str | None
    owner: bool
    everything: bool


class JobTerms(TypedDict):
    """How the slots of a job are run."""

    misfire: CronMisfirePolicy
    jitter_seconds: int
    max_attempts: int
    backoff_seconds: int | None
    backoff_cap_seconds: int | None
    backoff_jitter_percent: int | None
    max_runs: int | None
    pause_after_failures: int | None


class Job(JobTerms):
    """What is to be done, and when.

    `next_slot` is the slot that fires next; one that has passed is late. `active` is the task of
    the slot that is live and holds the job's lock, and `waiting` that of the slot that waits for
    its end.
    """

    id: str
    name: str
    schedule: Schedule | None
    explanation: str
    prompt: str
    tools: list[str]
    concurrency: CronConcurrencyPolicy
    state: JobState
    paused_for: Hold | None
    paused_until: Instant | None
    runs: int
    failures: int
    review_required: SlotRange | None
    version: int
    next_slot: Instant | None
    active: str | None
    waiting: str | None
    created_at: Instant
    created_by: str
    updated_at: Instant
    updated_by: str


class Trigger(TypedDict):
    """What makes a routine run; its schedule is null where this version cannot read it."""

    type: Literal["schedule"]
    schedule: Schedule | None


class Routine(Job):
    """What is to be done, and what makes it run; a job is a routine with a schedule."""

    trigger: Trigger


class JobSnapshot(TypedDict):
    """How a job is doing; `reasons` says why it is not `healthy`.

    `due` slots have come and have not begun, and `oldest_unfired_slot` is the first of them.
    `missed` counts those since `counted_since` that nobody handed over in time.
    """

    state: JobState
    health: JobHealth
    reasons: list[str]
    due: int
    oldest_unfired_slot: Instant | None
    active: str | None
    waiting: str | None
    missed: int
    counted_since: Instant
    review_required: SlotRange | None
    failures: int
    paused_with_everything: bool


class Firing(TypedDict):
    """What became of a slot of a job; of all slots up to `last`, where it says so.

    `slots` is how many these are, or at least are where `slots_exact` is false; it is missing where
    the job's schedule may have been another one then.
    """

    slot: Instant
    outcome: Outcome
    task_id: str
    last: NotRequired[Instant]
    slots: NotRequired[int]
    slots_exact: NotRequired[bool]
    reason: NotRequired[str]
    origin: NotRequired[Origin]
    stands_for: NotRequired[Instant]
    requested_by: NotRequired[str]
    run_id: NotRequired[str]
    state: NotRequired[State]
    attempt: NotRequired[int]


class MadeUp(TypedDict):
    """The firings that make up for slots of the past; `continue_from` where there are more."""

    firings: list[Firing]
    continue_from: Instant | None


class Run(TypedDict):
    """What a firing or task did, at a glance."""

    id: str
    job_id: str | None
    task_id: str
    slot: Instant | None
    state: RunState
    reason: str | None
    provider: str
    started_at: Instant
    ended_at: Instant | None


class AnswerStep(TypedDict):
    """The model answered, and the run is over."""

    seq: int
    at: Instant
    link: str
    kind: Literal["model"]
    answer: str


class CallStep(TypedDict):
    """The model asked for a tool."""

    seq: int
    at: Instant
    link: str
    kind: Literal["model"]
    tool: str
    arguments: dict[str, Any]


class ResultStep(TypedDict):
    """A tool answered, or was refused."""

    seq: int
    at: Instant
    link: str
    kind: Literal["tool"]
    tool: str
    ok: bool
    content: dict[str, Any]


type Step = AnswerStep | CallStep | ResultStep


class RunDetail(Run):
    """A run with its steps; each one's `link` holds the chain together."""

    policies: list[str]
    policy_set: str
    prompt: str
    steps: list[Step]
    result: str | None


class Attempt(TypedDict):
    """An attempt at a task; `lost` where its worker died without a word."""

    number: int
    started_at: Instant | None
    ended_at: Instant | None
    state: AttemptState
    reason: str | None


class CancelRequest(TypedDict):
    """When somebody asked a task to stop, and why."""

    requested_at: Instant
    reason: str


class Task(TypedDict):
    """One unit of durable work; `outcome` is of a firing's slot."""

    id: str
    kind: str
    state: TaskState
    outcome: NotRequired[Outcome]
    reason: str | None
    lane: Lane
    priority: int
    created_at: Instant | None
    not_before: Instant | None
    expires_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    max_attempts: int
    attempts: list[Attempt]
    hops: int
    depth: int
    parent: str | None
    group: str | None
    serial: bool | None
    children: int
    payload: Any
    run_id: str | None
    cancel: CancelRequest | None
    links: dict[str, str]


class Approval(TypedDict):
    """What somebody is asked to approve, and what became of it.

    `subject` is the task that waits, which ends denied at `expires_at` unless this is approved
    before. `arguments_sha256` is of the exact arguments that are approved, and `scopes` are what an
    approval can be good for. `text` and `reason` are null where they were erased or never said.
    """

    id: str
    kind: ApprovalKind
    state: ApprovalState
    action: str
    title: str
    text: str | None
    risk: ApprovalRisk
    subject: str
    job_id: str | None
    run_id: str
    arguments_sha256: str | None
    asked_by: list[str]
    policies: list[str]
    policy_set: str
    scopes: list[ApprovalScope]
    asked_at: Instant
    expires_at: Instant
    decided_at: Instant | None
    decided_by: str | None
    scope: ApprovalScope | None
    reason: str | None
    code: ApprovalCode | None
    links: dict[str, str]


class Remediation(TypedDict):
    """What can be done about a sort of fault; `by_hand` where nothing runs it."""

    id: str
    label: str
    risk_level: Risk
    blast_radius: BlastRadius
    requires_approval: bool
    auto_executable: bool
    by_hand: bool


class Incident(TypedDict):
    """A fault that somebody should know of, however often it was seen.

    `kind` is one of docs/operations.md, `subject` the id of what the fault is in. One of the stage
    itself belongs to the owner `system`. `meaning`, `system` and `operator` say what is wrong, what
    Palyra does about it, and what is left to do; null, as `remediation`, for a kind that this
    version does not know.
    """

    id: str
    owner: str
    kind: str
    domain: IncidentDomain
    severity: IncidentSeverity
    state: IncidentState
    summary: str
    subject: str
    first_seen: Instant
    last_seen: Instant
    opened_at: Instant
    resolved_at: Instant | None
    count: int
    reopened: int
    escalated: bool
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    version: int
    dedupe_key: str
    detail: str
    evidence: dict[str, str]
    related: list[str]
    meaning: str | None
    system: str | None
    operator: str | None
    remediation: Remediation | None


class IncidentEntry(TypedDict):
    """Something became of an incident; `by` names the operator where there was one."""

    at: Instant
    change: Change
    state: IncidentState
    severity: IncidentSeverity
    count: int
    reason: str
    by: str | None


class RemediationAttempt(TypedDict):
    """Something was done about an incident, or would have been.

    `by` is an operator, `system:healing` in the mode `auto`, or `system:sweep` for what the sweep
    does in every mode.
    """

    id: str
    remediation: str
    by: str
    status: AttemptStatus
    detail: str
    recorded_at: Instant
    ended_at: Instant | None


class IncidentDetail(Incident):
    """An incident with its history and the attempts at it, the latest first."""

    history: list[IncidentEntry]
    attempts: list[RemediationAttempt]


class RemediationPlan(TypedDict):
    """What a remedy would do now; `refusal` says why it cannot be run, or is null.

    `mode` is what healing does about this kind by itself, `cause` what is known of it now.
    """

    incident_id: str
    version: int
    remediation: Remediation | None
    mode: Mode | None
    cause: Cause
    refusal: str | None


class Remediated(TypedDict):
    """What came of a remedy, and the incident as it is then."""

    attempt: RemediationAttempt
    incident: Incident


class Heartbeat(TypedDict):
    """The last sign of life of a piece of work."""

    kind: WorkHeartbeatKind
    object_id: str
    key: str
    summary: str
    updated_at: Instant
    age_seconds: int
    task: str | None


class JournalPayload(TypedDict):
    """What stands elsewhere of an entry that is too large: its SHA-256 and size."""

    sha256: str
    bytes: int


class JournalEntry(TypedDict):
    """Who did what to what, when: an event at its place in the journal.

    `link` is the hash of the entry and of `previous`, the link of the one before it in its stream.
    `personal` is what somebody wrote: it is kept sealed, and opened for this answer. It is `erased`
    once that was asked for, `sealed` where it could not be opened now or not on this page, and
    `unreadable` where its key is gone.
    """

    stream: int
    seq: int
    id: str
    kind: str
    actor: str
    subject: str
    at: Instant
    details: dict[str, Any]
    personal: NotRequired[dict[str, Any] | Literal["erased", "sealed", "unreadable"]]
    payload: NotRequired[JournalPayload]
    previous: str
    link: str


type CheckVerdict = Literal["ok", "unknown", "warning", "failed"]
type CheckSeverity = Literal["low", "medium", "high", "critical"]


class JournalExport(TypedDict):
    """The journal as a file: of one that is written, what is in it and where to get it.

    `hash` is that of its last line, which each line before it is a part of.
    """

    task_id: str
    state: TaskState
    reason: str | None
    created_at: Instant | None
    finished_at: Instant | None
    entries: int | None
    bytes: int | None
    hash: str | None
    link: str | None
    link_expires_at: Instant | None


class JournalDay(TypedDict):
    """How many events of each kind there were on a day, in UTC."""

    day: Day
    events: int
    kinds: dict[str, int]


JournalDays = TypedDict(
    "JournalDays",
    {
        "from": Day,
        "to": Day,
        "days": list[JournalDay],
        "events": int,
        "archived_events": int,
        "complete_from": Day | None,
    },
)


class JournalTrouble(TypedDict):
    """Something in the journal that is not as it was written.

    It shows at `seq`; up to `proven` a seal vouches for the stream, so that the first event that
    was changed stands behind that.
    """

    stream: str
    seq: int
    proven: int
    what: str


class JournalVerification(TypedDict):
    """How far a verification has come, and what it found; the first 50 troubles are shown.

    `archived_events` of the events were read from S3, where they were moved as `segments`.
    `unsealed` events came after the last seal, which was put at `sealed_at`: they are only as good
    as their chain. Both, and `holds`, are null where they are not known yet.
    """

    task_id: str
    complete: bool
    holds: bool | None
    begun_at: Instant
    updated_at: Instant
    events: int
    seals: int
    payloads: int
    runs: int
    expired_runs: int
    archived_events: int
    segments: int
    erased_runs: int
    personal: int
    erased: int
    sealed_at: Instant | None
    unsealed: int | None
    trouble_count: int
    troubles: list[JournalTrouble]


class DoctorCheck(TypedDict):
    """A check of the doctor: what it looks at, what a failure means and what to do then.

    `mends` says what the doctor does about it itself; null where that is for people, or a deploy.
    """

    key: str
    severity: CheckSeverity
    asks: str
    means: str
    fix: str
    mends: str | None


class DoctorFinding(TypedDict):
    """What a check saw; of one that is `unknown`, `seen` says why.

    `means` and `fix` are of one that is not ok. Of its evidence at most 20 lines are shown.
    """

    key: str
    severity: CheckSeverity
    verdict: CheckVerdict
    seen: str
    evidence: list[str]
    means: str | None
    fix: str | None


class DoctorChange(TypedDict):
    """A change that would mend something, and what became of it.

    It is made only while its target is as it was seen; `unchanged` says that it was not.
    """

    check: str
    mender: str
    target: str
    change: str
    before: str | None
    can_undo: bool
    outcome: Literal["planned", "begun", "done", "unchanged", "failed"]
    told: str | None


class Examination(TypedDict):
    """What the doctor saw, and of a `fix` or `undo` what it did about it.

    `verdict` is the worst of all that is known; it is null while the examination is under way.
    `run` is the examination that a fix or an undo goes by. `since` is from when on the ledger was
    looked at.
    """

    task_id: str
    mode: Literal["look", "fix", "undo"]
    run: str | None
    by: str
    complete: bool
    verdict: CheckVerdict | None
    since: Instant
    begun_at: Instant
    updated_at: Instant
    checks: int
    counts: dict[str, int]
    findings: list[DoctorFinding]
    changes: list[DoctorChange]


class Erasure(TypedDict):
    """What was known of a job or task is erased, with all that came of it.

    What is personal in the journal cannot be read any more from `erased_at` on; at `done_at`
    nothing of it was left anywhere, and it is null before.
    """

    task_id: str
    subject: str
    reason: str
    by: str
    erased_at: Instant
    done_at: Instant | None


class PolicyVersion(TypedDict):
    """Policies as an operator wrote them, at a glance; a version never changes."""

    version: int
    note: str
    author: str
    created_at: Instant
    sha256: str
    bytes: int


class PolicyVersionDetail(PolicyVersion):
    """Policies as an operator wrote them."""

    text: str


class ActivePolicies(TypedDict):
    """What decides: the defaults, and an operator's version where it is not 0.

    `number` is raised by each activation; `policy_set` is what decisions name the whole by.
    """

    version: int
    number: int
    previous: int | None
    activated_at: Instant | None
    activated_by: str | None
    policy_set: str
    text: str
    defaults: str


class PolicySummary(TypedDict):
    """A policy at a glance, and the line that it begins in."""

    id: str
    effect: PolicyEffect
    line: int
    hint: str | None


class PolicyDraft(TypedDict):
    """What is in a draft that could be kept."""

    policies: list[PolicySummary]


class PolicyDecision(TypedDict):
    """An answer of the policies: why, as a code, and which of them gave it."""

    allowed: bool
    reason: PolicyReason
    policies: list[str]


class PolicyChange(TypedDict):
    """A dispatch, or a call of a tool, that would be decided otherwise."""

    at: Instant
    task_id: str
    action: PolicyAction
    tool: str | None
    before: PolicyDecision
    after: PolicyDecision


class PolicyAccessChange(TypedDict):
    """An operation of the API that a role could do, or could do no more."""

    role: PolicyRole
    action: str
    before: PolicyDecision
    after: PolicyDecision


class PolicyDryRun(TypedDict):
    """What would be decided otherwise; the first 100 of `differing` are shown."""

    policy_set: str
    compared_with: str
    looked_at: int
    differing: int
    changed: list[PolicyChange]
    access: list[PolicyAccessChange]


class DecidingPolicy(TypedDict):
    """A policy that a decision is owed to."""

    id: str
    effect: PolicyEffect
    hint: str | None


class PolicyExplanation(TypedDict):
    """A decision; each of `missing` alone would have allowed it."""

    allowed: bool
    reason: PolicyReason
    told: str
    missing: list[str]
    version: int
    policy_set: str
    policies: list[DecidingPolicy]


class TickCounts(TypedDict):
    """What a tick counted: jobs, or slots where it says `handed` or `missed`.

    `reviews` are ranges of slots that began to wait for an operator, and `disabled` the jobs of
    those `failed` that were paused for it. `gated` jobs were due while everything is paused.
    """

    due: int
    gated: int
    handed: int
    missed: int
    reviews: int
    failed: int
    disabled: int
    oldest_due_seconds: int


class SchedulerHealth(TypedDict):
    """When the scheduler last ran, what it counted then, and what it has to hand over.

    All of it is of the whole stage.
    """

    last_tick: Instant | None
    last_counts: TickCounts | None
    oldest_due_slot: Instant | None
    next_slot: Instant | None


class Depths(TypedDict):
    """About how many messages a lane has."""

    waiting: int
    delayed: int
    in_flight: int


class BackgroundHealth(TypedDict):
    """What the lanes hold, and how many runs are under way."""

    lanes: dict[str, Depths]
    active_runs: int


class Status(TypedDict):
    """Whether all is well; `reasons` says why not."""

    status: Literal["ok", "degraded"]
    reasons: list[str]
    stage: str
    version: str
    time: Instant
    gate: Gate
    self_healing_active_incidents: int
    self_healing_resolved_incidents: int
    self_healing_heartbeat_count: int
    last_sweep: Instant | None
    scheduler: SchedulerHealth
    background: BackgroundHealth


class Setting(TypedDict):
    """A setting as it is in effect; the value of a secret is masked."""

    key: str
    variable: str
    value: str | int | bool | None
    default: str | int | bool | None
    source: Source
    secret: bool
    range: str
    help: str


class Health(TypedDict):
    """The function runs, and its settings are valid."""

    status: Literal["ok"]


class ApiName(TypedDict):
    """The name of the API, and where to go on."""

    name: str
    stage: str
    links: dict[str, str]


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
