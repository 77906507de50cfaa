"""`palyra jobs preview|review|backfill`: slots to come, and slots that did not run."""

from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import family, id_of, path
from cli.job_views import COMING, coming_row
from cli.output import Instant, Value
from cli.session import Session, asks_api

_job_id = id_of("job", "name")
_MADE = (
    *(Column("STANDS FOR", is_whole=True), Column("OUTCOME", is_whole=True)),
    Column("TASK", is_whole=True),
)


@click.command(epilog=examples("palyra jobs preview ID"))
@_job_id
@asks_api
def preview(session: Session, job_id: str) -> None:
    """Show when a job fires next, by its own clocks and in UTC."""
    shown = session.api.get(f"{path('job', job_id)}/preview")
    if session.as_json:
        session.screen.document(shown)
    elif shown["slots"]:
        session.screen.table(COMING, [coming_row(each) for each in shown["slots"]])
    else:
        session.screen.note(f"it does not fire: see `palyra {family('job')} show {job_id}`")


@click.command(
    epilog=examples(
        "palyra jobs review ID --replay --limit 2",
        "palyra jobs review ID --dismiss",
    )
)
@_job_id
@click.option("--replay", "action", flag_value="replay", help="Fire the newest of them.")
@click.option("--dismiss", "action", flag_value="dismiss", help="Let them be.")
@click.option("--limit", type=click.IntRange(1, 100), help="Of a replay: how many; 3 by default.")
@asks_api
def review(session: Session, job_id: str, *, action: str | None, limit: int | None) -> None:
    """Decide about slots that were missed too long ago to catch up."""
    if action is None:
        raise click.UsageError("say --replay or --dismiss")
    if limit is not None and action == "dismiss":
        raise click.UsageError("--limit goes with --replay")
    body: dict[str, Any] = {"action": action} | ({} if limit is None else {"limit": limit})
    _tell(session, session.api.post(f"{path('job', job_id)}/review", body), f"{action}ed")


@click.command(
    epilog=examples(
        "palyra jobs backfill ID --from 2026-11-20T00:00Z --to 2026-11-21T00:00Z",
    )
)
@_job_id
@click.option("--from", "since", metavar="RFC3339", required=True, help="From this instant on.")
@click.option("--to", "until", metavar="RFC3339", required=True, help="Up to this one.")
@click.option("--limit", type=click.IntRange(1, 100), default=100, help="How many slots at most.")
@asks_api
def backfill(session: Session, job_id: str, *, since: str, until: str, limit: int) -> None:
    """Fire the slots of a past range that have not fired, each once."""
    body = {"from": since, "to": until, "limit": limit}
    _tell(session, session.api.post(f"{path('job', job_id)}/backfill", body), "nothing to make up")


def _tell(session: Session, made: dict[str, Any], nothing: str) -> None:
    if session.as_json:
        session.screen.document(made)
        return
    if made["firings"]:
        session.screen.table(_MADE, [_firing(each) for each in made["firings"]])
    else:
        session.screen.line(nothing)
    if made["continue_from"]:
        session.screen.note(f"there are more: go on with --from {made['continue_from']}")


def _firing(firing: dict[str, Any]) -> list[Value]:
    return [Instant(firing["stands_for"]), firing["outcome"], firing["task_id"]]
