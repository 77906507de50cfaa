"""`palyra runs`: what firings and prompts did."""

from typing import Any

import click

from cli import steps, times
from cli.columns import Column
from cli.examples import examples
from cli.identifiers import checked, id_of, job_option, path
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Screen, State, Value
from cli.pace import Pace
from cli.session import Session, asks_api
from cli.watch import UNFINISHED, asks_timeout, follow

_NEWEST = 20
_COLUMNS = (
    *(Column("ID", is_whole=True), Column("STATE", is_whole=True)),
    *(Column("STARTED", is_whole=True), Column("ENDED", is_whole=True)),
    Column("REASON", is_rare=True),
)
_ON_WATCH = examples(
    "palyra runs watch ID",
    "palyra runs watch --job ID --timeout 120",
    "palyra runs watch ID --json | jq -r 'select(.event == \"end\").result'",
)
_ON_WATCH += "\n\nExit codes: 0 it succeeded, 1 it ended otherwise, 69 it goes on after --timeout."
_run_id = id_of("run", "state")


@click.group()
def runs() -> None:
    """See and follow runs."""


@runs.command(
    "list", epilog=examples("palyra runs list --limit 10", "palyra runs list --job ID --all")
)
@job_option("Only runs of this job.")
@asks_how_many
@asks_api
def list_runs(session: Session, *, job_id: str | None, most: int | None) -> None:
    """List runs, newest first."""
    page = session.api.listed("/v1/runs", most, job=_job(job_id))
    show_page(session, page, _COLUMNS, _row, "no runs yet")


@runs.command(epilog=examples("palyra runs show ID"))
@_run_id
@asks_api
def show(session: Session, run_id: str) -> None:
    """Show a run with its steps and its result."""
    run = session.api.get(path("run", run_id))
    if session.as_json:
        session.screen.document(run)
    else:
        _show(session.screen, run)


@runs.command(epilog=_ON_WATCH)
@id_of("run", "state", required=False)
@job_option("The run of this job that is under way, or its next one.")
@asks_timeout
@asks_api
def watch(
    session: Session, run_id: str | None, *, job_id: str | None, timeout: float | None
) -> None:
    """Follow a run until it ends, from before it begins.

    Without an ID it is the newest one under way, or else the next that begins. With --json each
    line is an event: state, step or end.
    """
    if run_id is not None and job_id is not None:
        raise click.UsageError("name one of ID and --job")
    if run_id is None:
        pace = Pace(session, timeout)
        run_id = _next_run(session, pace, _job(job_id))
        timeout = pace.left
    follow(session, run_id, timeout)


def _next_run(session: Session, pace: Pace, job_id: str | None) -> str:
    known: set[str] | None = None
    etag: str | None = None
    while True:
        page = pace.changed("/v1/runs", etag, job=job_id, limit=_NEWEST)
        if page is not None:
            etag, items = page.etag, page.document["items"]
            for run in items:
                if run["state"] in UNFINISHED or (known is not None and run["id"] not in known):
                    return str(run["id"])
            if known is None:
                session.screen.note("no run is under way: waiting for the next")
            known = {run["id"] for run in items} | (known or set())
        pace.wait()


def _job(job_id: str | None) -> str | None:
    return None if job_id is None else checked("job", job_id)


def _row(run: dict[str, Any]) -> list[Value]:
    started, ended = Instant(run["started_at"]), Instant(run["ended_at"])
    return [run["id"], State(run["state"]), started, ended, run["reason"]]


def _show(screen: Screen, run: dict[str, Any]) -> None:
    screen.pairs(_pairs(run))
    if run["steps"]:
        screen.blank()
        screen.table(steps.COLUMNS, [steps.row(step) for step in run["steps"]])
    if run["result"] is not None:
        screen.blank()
        screen.text(run["result"])


def _pairs(run: dict[str, Any]) -> list[tuple[str, Value]]:
    ended = run["ended_at"]
    return [
        ("id", run["id"]),
        ("job", run["job_id"]),
        ("slot", Instant(run["slot"])),
        ("state", State(run["state"])),
        ("reason", run["reason"]),
        ("provider", run["provider"]),
        ("policies", ", ".join(run["policies"])),
        ("policy set", run["policy_set"]),
        ("started", Instant(run["started_at"])),
        ("ended", Instant(ended)),
        ("took", times.length(run["started_at"], ended) if ended else None),
        ("prompt", run["prompt"]),
    ]
