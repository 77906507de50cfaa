"""Which entries of the journal are asked for."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

import click

from cli.session import Session

_STREAMS = 8
_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def asks_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that narrow the journal; it gets them as `query`."""

    @wraps(command)
    def run(session: Session, *, since: str | None, until: str | None, **given: Any) -> None:
        names = ("kind", "actor", "subject", "stream", "text")
        query = {name: given.pop(name) for name in names}
        present = session.screen.present
        query |= {"from": _instant(since, present), "until": _instant(until, present)}
        command(session, query={k: v for k, v in query.items() if v is not None}, **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


_OPTIONS = (
    click.option("--kind", help="What happened, as job.created; job for all of jobs."),
    click.option("--actor", help="Who did it, as token:laptop; token for all of such."),
    click.option("--subject", metavar="ID", help="What it was done to: a job, a task .."),
    click.option("--stream", type=click.IntRange(0, _STREAMS - 1), help="In this stream alone."),
    click.option("--since", metavar="AGO|RFC3339", help="Not before; 2h for two hours ago."),
    click.option("--until", metavar="AGO|RFC3339", help="Before this instant."),
    click.option("--text", help="What it says, whatever its case."),
)


def instant(text: str | None, session: Session) -> str | None:
    """Return an instant as the API takes it, from a distance as 24h or from itself."""
    return _instant(text, session.screen.present)


def _instant(text: str | None, present: datetime) -> str | None:
    """Return an instant as the API takes it; what is no distance is its to read."""
    ago = _AGO.fullmatch(text or "")
    if ago is None:
        return text
    try:
        instant = present - int(ago[1]) * _UNITS[ago[2]]
    except OverflowError:
        raise click.BadParameter(f"{text!r} is too long ago") from None
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
