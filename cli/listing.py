"""Lists: how much of one is asked for, and how it is shown."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from cli.columns import Column
from cli.output import Value
from cli.session import Session

_LIMIT = 50


def asks_how_many(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--limit` and `--all`; it gets `most`, None for all."""

    @wraps(command)
    def run(*args: Any, limit: int, is_all: bool, **given: Any) -> None:
        command(*args, most=None if is_all else limit, **given)

    run = click.option("--all", "is_all", is_flag=True, help="All of them, however many.")(run)
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=_LIMIT,
        show_default=True,
        help="How many at most.",
    )(run)


def show_page(
    session: Session,
    page: dict[str, Any],
    columns: Sequence[Column],
    row: Callable[[dict[str, Any]], Sequence[Value]],
    none: str,
) -> None:
    """Show the first items of a list; `none` is what people are told where there are none."""
    if session.as_json:
        session.screen.document(page)
        return
    if page["items"]:
        session.screen.table(columns, [row(each) for each in page["items"]])
    else:
        session.screen.note(none)
    if page["next"]:
        session.screen.note("there are more: use --limit or --all")
