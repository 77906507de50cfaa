"""`palyra settings`: what is in force, and where it was set."""

import json
from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.output import Value
from cli.session import Session, asks_api

_COLUMNS = (
    *(Column("KEY", is_whole=True), Column("VALUE")),
    *(Column("SOURCE", is_whole=True), Column("RANGE")),
)
_DEFAULT = "default"
_EXAMPLES = examples(
    "palyra settings --changed", "palyra settings --json | jq '.items[] | {variable, help}'"
)


@click.command(epilog=_EXAMPLES)
@click.option("--changed", "is_changed", is_flag=True, help="Only those that are not the default.")
@asks_api
def settings(session: Session, *, is_changed: bool) -> None:
    """List the settings in force; secrets are masked."""
    page = session.api.get("/v1/settings")
    if is_changed:
        kept = [each for each in page["items"] if each["source"] != _DEFAULT]
        page = page | {"items": kept}
    if session.as_json:
        session.screen.document(page)
    elif page["items"]:
        session.screen.table(_COLUMNS, [_row(each) for each in page["items"]])
    else:
        session.screen.note("all settings are the default")


def _row(setting: dict[str, Any]) -> list[Value]:
    value = setting["value"]
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    return [setting["key"], text, setting["source"], setting["range"]]
