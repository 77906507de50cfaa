"""`palyra jobs`: what runs on a schedule."""

from functools import partial
from typing import Any

import click

from cli.asking import confirm
from cli.examples import examples
from cli.identifiers import family, id_of, path
from cli.job_fields import asks_fields, given, schedule
from cli.job_health import health
from cli.job_slots import backfill, preview, review
from cli.job_views import COLUMNS, COMING, FIRINGS, coming_row, firing_row, notes, pairs, row
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.session import Session, asks_api
from cli.watch import asks_timeout, follow

_NEWEST = 10
_job_id = id_of("job", "name")


@click.group()
def jobs() -> None:
    """See, make, change and run scheduled jobs."""


@jobs.command(
    "list",
    epilog=examples("palyra jobs list --all", "palyra jobs list --json | jq -r '.items[].id'"),
)
@asks_how_many
@asks_api
def list_jobs(session: Session, *, most: int | None) -> None:
    """List jobs, newest first, with what comes next."""
    name = family("job")
    page = session.api.listed(f"/v1/{name}", most)
    show_page(session, page, COLUMNS, row, f"no {name}: make one with `palyra {name} create`")


@jobs.command(epilog=examples("palyra jobs show ID"))
@_job_id
@asks_api
def show(session: Session, job_id: str) -> None:
    """Show a job with its next slots and its newest firings."""
    where = path("job", job_id)
    job = session.api.get(where)
    if session.as_json:
        session.screen.document(job)
        return
    coming = session.api.get(f"{where}/preview")["slots"]
    firings = session.api.listed(f"{where}/firings", _NEWEST)["items"]
    session.screen.pairs(pairs(job))
    if coming:
        session.screen.blank()
        session.screen.table(COMING, [coming_row(each) for each in coming])
    if firings:
        session.screen.blank()
        session.screen.table(FIRINGS, [firing_row(each) for each in firings])
    for note in notes(job, family("job")):
        session.screen.note(note)


@jobs.command(
    epilog=examples(
        'palyra jobs create --name health --every 60s --prompt "Summarize health"',
        "palyra jobs create --name nightly --cron '30 2 * * *' --prompt @it.txt",
        "palyra jobs create --name once --at 2026-12-01T09:00Z --prompt @it.txt",
    )
)
@asks_fields(required=True)
@asks_key
@asks_api
def create(
    session: Session,
    *,
    every: str | None,
    cron: str | None,
    at: str | None,
    timezone: str | None,
    key: str | None,
    **fields: Any,
) -> None:
    """Make a job."""
    when = schedule(every, cron, at, timezone)
    if when is None:
        raise click.UsageError("say when it runs with one of --every, --cron and --at")
    body = given(**fields) | {"schedule": when, "tools": list(fields["tools"])}
    made = session.api.make(f"/v1/{family('job')}", body, key=key)
    _tell(session, made.document)
    if key and not made.is_new:
        session.screen.note("made before: the idempotency key stands for this job")


@jobs.command(
    epilog=examples(
        "palyra jobs edit ID --every 5m",
        "palyra jobs edit ID --prompt @prompt.txt --no-tools --if-version 3",
    )
)
@_job_id
@asks_fields(required=False)
@click.option("--no-tools", is_flag=True, help="Take away all its tools.")
@click.option(
    "--if-version", "version", type=click.IntRange(min=0), help="Only if it has this version still."
)
@asks_api
def edit(
    session: Session, job_id: str, *, no_tools: bool, version: int | None, **fields: Any
) -> None:
    """Change a job; what is not named stays."""
    body = _change(no_tools=no_tools, **fields)
    _tell(session, session.api.edit(path("job", job_id), body, version=version))


@jobs.command(
    epilog=examples("palyra jobs pause ID", "palyra jobs pause ID --until 2026-12-24T08:00:00Z")
)
@_job_id
@click.option("--until", metavar="RFC3339", help="It resumes by itself then.")
@asks_api
def pause(session: Session, job_id: str, *, until: str | None) -> None:
    """Let no slot of a job run until it is resumed."""
    _tell(session, session.api.post(f"{path('job', job_id)}/pause", given(until=until) or None))


@jobs.command(epilog=examples("palyra jobs resume ID"))
@_job_id
@asks_api
def resume(session: Session, job_id: str) -> None:
    """Let a paused job go on with its next slot."""
    _tell(session, session.api.post(f"{path('job', job_id)}/resume"))


@jobs.command(epilog=examples("palyra jobs run ID --watch"))
@_job_id
@click.option("--watch", "is_watched", is_flag=True, help="Follow the run until it ends.")
@asks_timeout
@asks_key
@asks_api
def run(
    session: Session, job_id: str, *, is_watched: bool, timeout: float | None, key: str | None
) -> None:
    """Run a job once now, beside its schedule."""
    if timeout is not None and not is_watched:
        raise click.UsageError("--timeout goes with --watch")
    made = session.api.make(f"{path('job', job_id)}/run", key=key)
    firing = made.document
    if key and not made.is_new:
        session.screen.note("made before: the idempotency key stands for this firing")
    if is_watched:
        follow(session, firing["task_id"], timeout)
    elif session.as_json:
        session.screen.document(firing)
    else:
        session.screen.line(f"{firing['task_id']}  {firing['outcome']}")
        session.screen.note(f"follow it with `palyra runs watch {firing['task_id']}`")


@jobs.command(epilog=examples("palyra jobs delete ID --yes"))
@_job_id
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@asks_api
def delete(session: Session, job_id: str, *, is_sure: bool) -> None:
    """Delete a job; its firings and runs stay readable."""
    where = path("job", job_id)
    if not is_sure:
        question = partial(_question, session, where)
        confirm(session, question, asks="deleting asks first", otherwise="deleted")
    _tell(session, session.api.delete(where))


@jobs.command(epilog=examples("palyra jobs firings ID --limit 10"))
@_job_id
@asks_how_many
@asks_api
def firings(session: Session, job_id: str, *, most: int | None) -> None:
    """List what became of a job's slots, newest first."""
    page = session.api.listed(f"{path('job', job_id)}/firings", most)
    show_page(session, page, FIRINGS, firing_row, "no firings yet")


def _change(
    *,
    every: str | None,
    cron: str | None,
    at: str | None,
    timezone: str | None,
    tools: tuple[str, ...],
    no_tools: bool,
    **texts: str | None,
) -> dict[str, Any]:
    if tools and no_tools:
        raise click.UsageError("--no-tools does not go with --tool")
    replaced = list(tools) if tools or no_tools else None
    change = given(**texts, schedule=schedule(every, cron, at, timezone), tools=replaced)
    if not change:
        raise click.UsageError("say what to change, as with --every 5m")
    return change


def _question(session: Session, where: str) -> str:
    job = session.api.get(where)
    return f"Delete {job['name']} ({job['explanation']})?"


def _tell(session: Session, job: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(job)
    else:
        session.screen.line(f"{job['id']}  {job['state']}")


for command in (health, preview, review, backfill):
    jobs.add_command(command)
