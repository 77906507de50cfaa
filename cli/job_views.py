"""What is shown of jobs and their firings."""

from typing import Any

from cli.columns import Column
from cli.output import Instant, State, Value

COLUMNS = (
    *(Column("ID", is_whole=True), Column("NAME"), Column("STATE", is_whole=True)),
    *(Column("SCHEDULE"), Column("NEXT", is_whole=True)),
)
FIRINGS = (
    *(Column("SLOT", is_whole=True), Column("LAST", is_whole=True, is_rare=True)),
    Column("SLOTS", is_whole=True, is_rare=True),
    *(Column("OUTCOME", is_whole=True), Column("STATE", is_whole=True, is_rare=True)),
    *(Column("TASK", is_whole=True), Column("REASON", is_rare=True), Column("BY", is_rare=True)),
)

COMING = (
    *(Column("LOCAL", is_whole=True), Column("UTC", is_whole=True)),
    Column("NOTE", is_whole=True, is_rare=True),
)
_HOLDS = {
    "operator": "an operator paused it",
    "failures": "too many of its runs failed in a row",
    "unreadable": "its schedule cannot be read",
}


def row(job: dict[str, Any]) -> list[Value]:
    """Return a job's line in a list."""
    following = Instant(job["next_slot"])
    return [job["id"], job["name"], State(job["state"]), job["explanation"], following]


def pairs(job: dict[str, Any]) -> list[tuple[str, Value]]:
    """Return a job's fields by their names."""
    return [
        ("id", job["id"]),
        ("name", job["name"]),
        ("state", State(job["state"])),
        *([("trigger", job["trigger"]["type"])] if "trigger" in job else []),
        ("schedule", job["explanation"]),
        ("next", Instant(job["next_slot"])),
        ("prompt", job["prompt"]),
        ("tools", ", ".join(job["tools"])),
        ("concurrency", job["concurrency"]),
        ("misfire", job["misfire"]),
        ("attempts", _attempts(job)),
        *_terms(job),
        *_standing(job),
        ("active", job["active"]),
        ("waiting", job["waiting"]),
        ("version", str(job["version"])),
        ("created", Instant(job["created_at"])),
        ("created by", job["created_by"]),
        ("updated", Instant(job["updated_at"])),
        ("updated by", job["updated_by"]),
    ]


def _standing(job: dict[str, Any]) -> list[tuple[str, Value]]:
    """Return what is worth telling of how a job stands; most jobs have none of it."""
    told: list[tuple[str, Value]] = []
    if job["paused_for"]:
        told.append(("paused as", _HOLDS.get(job["paused_for"], job["paused_for"])))
    if job["paused_until"]:
        told.append(("paused until", Instant(job["paused_until"])))
    if review := job["review_required"]:
        told.append(("review required", Instant(review["first"])))
        told.append(("up to", Instant(review["last"])))
    return told


def _attempts(job: dict[str, Any]) -> str:
    """Return how often a slot is tried, and the pauses between where they are the job's own."""
    tries = f"{job['max_attempts']} a slot"
    if not job["backoff_seconds"]:
        return tries
    pauses = f"{job['backoff_seconds']} s to {job['backoff_cap_seconds']} s between"
    shorter = job["backoff_jitter_percent"]
    return f"{tries}, {pauses}" + (f", up to {shorter} % shorter" if shorter else "")


def _terms(job: dict[str, Any]) -> list[tuple[str, Value]]:
    """Return the terms of a job that most jobs do not have."""
    told: list[tuple[str, Value]] = []
    if job["jitter_seconds"]:
        told.append(("jitter", f"up to {job['jitter_seconds']} s"))
    if job["max_runs"]:
        told.append(("runs", f"{job['runs']} of {job['max_runs']}"))
    if job["pause_after_failures"]:
        most = job["pause_after_failures"]
        told.append(("failures in a row", f"{job['failures']}, paused after {most}"))
    elif job["failures"]:
        told.append(("failures in a row", str(job["failures"])))
    return told


def notes(job: dict[str, Any], name: str) -> list[str]:
    """Return what an operator is asked to do about a job.

    Args:
        job: the job.
        name: what the command calls jobs.
    """
    asked, command = [], f"palyra {name}"
    if job["review_required"]:
        asked.append(
            f"missed slots wait for you: `{command} review {job['id']} --replay` or `--dismiss`"
        )
    if job["paused_for"] == "failures":
        asked.append(f"when what failed is mended: `{command} resume {job['id']}`")
    if job["paused_for"] == "unreadable":
        asked.append(f"give it a new schedule: `{command} edit {job['id']} --every 1h`")
    return asked


def coming_row(slot: dict[str, Any]) -> list[Value]:
    """Return the line of a slot to come, exactly: that is what it is asked for."""
    return [slot["local"], slot["slot"], slot["note"]]


def firing_row(firing: dict[str, Any]) -> list[Value]:
    """Return the line of a slot, or of slots up to a last one, in a job's ledger."""
    last, state = firing.get("last"), firing.get("state")
    return [
        Instant(firing["slot"]),
        Instant(last) if last else None,
        _counted(firing),
        firing["outcome"],
        State(state) if state else None,
        firing["task_id"],
        firing.get("reason"),
        firing.get("requested_by"),
    ]


def _counted(firing: dict[str, Any]) -> str | None:
    if "slots" not in firing:
        return None
    return f"{firing['slots']}{'' if firing['slots_exact'] else '+'}"
