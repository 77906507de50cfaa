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
    *(Column("OUTCOME", is_whole=True), Column("STATE", is_whole=True, is_rare=True)),
    *(Column("TASK", is_whole=True), Column("REASON", is_rare=True), Column("BY", is_rare=True)),
)


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
        ("schedule", job["explanation"]),
        ("next", Instant(job["next_slot"])),
        ("prompt", job["prompt"]),
        ("tools", ", ".join(job["tools"])),
        ("concurrency", job["concurrency"]),
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
    if job["misfire"] != "skip":
        told.append(("misfire", job["misfire"]))
    if job["paused_for"]:
        told.append(("paused for", job["paused_for"]))
    if job["paused_until"]:
        told.append(("paused until", Instant(job["paused_until"])))
    if review := job["review_required"]:
        told.append(("review required", Instant(review["first"])))
        told.append(("up to", Instant(review["last"])))
    if job["max_runs"]:
        told.append(("runs", f"{job['runs']} of {job['max_runs']}"))
    if job["failures"]:
        told.append(("failures in a row", str(job["failures"])))
    return told


def firing_row(firing: dict[str, Any]) -> list[Value]:
    """Return the line of a slot, or of slots up to a last one, in a job's ledger."""
    last, state = firing.get("last"), firing.get("state")
    return [
        Instant(firing["slot"]),
        Instant(last) if last else None,
        firing["outcome"],
        State(state) if state else None,
        firing["task_id"],
        firing.get("reason"),
        firing.get("requested_by"),
    ]
