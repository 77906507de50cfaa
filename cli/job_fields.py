"""The fields of a job as options, for making and for editing one."""

from collections.abc import Callable
from typing import Any

import click

from cli.payload import Words

_CONCURRENCY = ("forbid", "replace", "queue_one")


def asks_fields(*, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that say what a job is."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(_options(required=required)):
            command = option(command)
        return command

    return decorate


def schedule(
    every: str | None, cron: str | None, at: str | None, timezone: str | None
) -> dict[str, str] | None:
    """Return a schedule as the API takes it, or None where none is given.

    Raises:
        click.UsageError: the options do not go together.
    """
    when = given(every=every, cron=cron, at=at)
    if len(when) > 1:
        raise click.UsageError("say when it runs with one of --every, --cron and --at")
    if timezone is not None and cron is None and at is None:
        raise click.UsageError("--timezone goes with --cron or --at")
    return when | given(timezone=timezone) or None


def _options(*, required: bool) -> list[Callable[[Callable[..., None]], Callable[..., None]]]:
    tools = "A tool that it may use; repeatable."
    if not required:
        tools = "A tool that it may use, in place of those it has; repeatable."
    return [
        click.option("--name", required=required, help="What people call it."),
        click.option("--every", metavar="INTERVAL", help="Run every so often: 60s, 1h30m, 1d."),
        click.option("--cron", metavar="FIELDS", help='Run at times: "30 2 * * 1-5", @daily.'),
        click.option("--at", metavar="RFC3339", help="Run once: 2026-11-22T14:00:00+01:00."),
        click.option("--timezone", metavar="ZONE", help="Of --cron and --at: Europe/Berlin."),
        click.option("--prompt", type=Words(), required=required, help="What to ask."),
        click.option("--tool", "tools", multiple=True, help=tools),
        click.option(
            "--concurrency",
            type=click.Choice(_CONCURRENCY),
            help="What becomes of a slot while another one is live: it is skipped (forbid, unless "
            "you say), takes its place, or waits as the only one.",
        ),
        *_terms(),
    ]


def _terms() -> list[Callable[[Callable[..., None]], Callable[..., None]]]:
    """Return the options of how slots are run; what the API refuses, it names."""
    return [
        click.option(
            "--misfire",
            type=click.Choice(("skip", "catch_up")),
            help="What becomes of missed slots: none runs (unless you say), or the latest do.",
        ),
        _number("--jitter", "jitter_seconds", "A slot begins up to so many seconds later."),
        _number("--max-attempts", "max_attempts", "Tries that each slot gets."),
        _number("--backoff", "backoff_seconds", "The pause after a first failed attempt."),
        _number("--backoff-cap", "backoff_cap_seconds", "The longest such pause."),
        _number("--max-runs", "max_runs", "After so many runs the job is completed."),
        _number("--pause-after", "pause_after_failures", "After so many failures: pause."),
    ]


def _number(
    option: str, name: str, text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(option, name, type=int, metavar="N", help=text)


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}
