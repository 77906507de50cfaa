"""The shapes of answers about the journal, and what is erased of it."""

from typing import Any, Literal, NotRequired, TypedDict

from chalicelib.functions.http.task_views import TaskState
from chalicelib.functions.http.views import Day, Instant


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
