"""How many events of each kind there were on each day."""

from typing import Any

from cli.columns import Column
from cli.output import Value
from cli.session import Session

_COLUMNS = (
    *(Column("DAY", is_whole=True), Column("KIND", is_whole=True)),
    Column("EVENTS", is_whole=True),
)


def show(session: Session, counted: dict[str, Any]) -> None:
    """Show the counts of days."""
    if session.as_json:
        session.screen.document(counted)
        return
    rows: list[list[Value]] = [
        [day["day"], kind, str(number)]
        for day in counted["days"]
        for kind, number in day["kinds"].items()
    ]
    if rows:
        session.screen.table(_COLUMNS, rows)
    else:
        session.screen.note("no events")
    if day := counted["complete_from"]:
        session.screen.note(f"there are more before {day}: ask for fewer days with --from and --to")
