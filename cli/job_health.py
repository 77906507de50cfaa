"""`palyra jobs health`: how jobs are doing."""

from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import family, id_of, path
from cli.listing import asks_how_many, show_page
from cli.output import Instant, State, Value
from cli.problem import Exit
from cli.session import Session, asks_api

_HEALTHY = "healthy"
_COLUMNS = (
    *(Column("ID", is_whole=True), Column("NAME"), Column("HEALTH", is_whole=True)),
    *(Column("DUE", is_whole=True), Column("MISSED", is_whole=True)),
    *(Column("OLDEST UNFIRED", is_rare=True), Column("WHY", is_rare=True)),
)
_EXAMPLES = examples("palyra jobs health", "palyra jobs health ID --json | jq .reasons")
_EXAMPLES += "\n\nExit codes: 0 all is well, 1 something is not."


@click.command(epilog=_EXAMPLES)
@id_of("job", "name", required=False)
@asks_how_many
@asks_api
def health(session: Session, job_id: str | None, *, most: int | None) -> None:
    """Say how a job is doing, or each of the newest."""
    if job_id is not None:
        _show(session, session.api.get(f"{path('job', job_id)}/health"))
        return
    page = session.api.listed(f"/v1/{family('job')}", most)
    items = [_looked_at(session, job) for job in page["items"]]
    show_page(session, page | {"items": items}, _COLUMNS, _row, "no jobs")
    _end(items)


def _looked_at(session: Session, job: dict[str, Any]) -> dict[str, Any]:
    told = session.api.get(f"{path('job', job['id'])}/health")
    return {"id": job["id"], "name": job["name"], **told}


def _show(session: Session, told: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(told)
    else:
        session.screen.pairs(_pairs(told))
    _end([told])


def _end(told: list[dict[str, Any]]) -> None:
    if any(each["health"] != _HEALTHY for each in told):
        click.get_current_context().exit(Exit.FAILED)


def _row(told: dict[str, Any]) -> list[Value]:
    return [
        *(told["id"], told["name"], State(told["health"]), str(told["due"]), str(told["missed"])),
        Instant(told["oldest_unfired_slot"]),
        "; ".join(told["reasons"]),
    ]


def _pairs(told: dict[str, Any]) -> list[tuple[str, Value]]:
    review = told["review_required"] or {"first": None, "last": None}
    return [
        ("health", State(told["health"])),
        *(("why", reason) for reason in told["reasons"]),
        ("state", State(told["state"])),
        ("everything", "is paused" if told["paused_with_everything"] else None),
        ("due", str(told["due"])),
        ("oldest unfired", Instant(told["oldest_unfired_slot"])),
        ("active", told["active"]),
        ("waiting", told["waiting"]),
        ("missed", str(told["missed"])),
        ("counted since", Instant(told["counted_since"])),
        ("review required", Instant(review["first"])),
        ("up to", Instant(review["last"])),
        ("failures in a row", str(told["failures"])),
    ]
