"""`palyra heartbeats`: which work was heard of last, and when."""

import click

from cli.columns import Column
from cli.examples import examples
from cli.output import Instant
from cli.session import Session, asks_api

KINDS = ("background_task", "run", "approval", "channel_worker")
_COLUMNS = (Column("ID", is_whole=True), Column("HEARD", is_whole=True), Column("SUMMARY"))


@click.command(epilog=examples("palyra heartbeats --kind run"))
@click.option(
    "--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="What beats."
)
@asks_api
def heartbeats(session: Session, kind: str) -> None:
    """List the last signs of life of work under way."""
    page = session.api.listed("/v1/heartbeats", None, kind=kind)
    if session.as_json:
        session.screen.document(page)
    elif page["items"]:
        rows = [
            (each["object_id"], Instant(each["updated_at"]), each["summary"])
            for each in page["items"]
        ]
        session.screen.table(_COLUMNS, rows)
    else:
        session.screen.note("no heartbeats: no such work has taken long enough to give one")
