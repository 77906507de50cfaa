"""`palyra doctor`: what is wrong with the stage, what it means, and what is done about it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import click

from cli import doctor_report as report
from cli.asking import confirm
from cli.completed import completed
from cli.examples import examples
from cli.identifiers import checked
from cli.journal_filters import instant
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.problem import Exit, Problem
from cli.session import Session, asks_api

_ROUTE = "/v1/doctor"
_FAILED, _WARNING = "failed", "warning"
_LEDGER = "ledger.consistent"
_BEGUN_WITHIN = 60.0
_CODES = """

Exit codes: 0 nothing failed, 1 something failed (or warns, with --strict),
2 usage, 69 no worker has carried it out within --timeout."""
_ON_DOCTOR = examples(
    "palyra doctor", "palyra doctor --only tables --json", "palyra doctor --fix --yes"
)
_AGO = "AGO|RFC3339"

type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _asks_timeout(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=_BEGUN_WITHIN,
        show_default=True,
        help="For how long to wait for each answer.",
    )(command)


@click.group(invoke_without_command=True, epilog=_ON_DOCTOR + _CODES)
@click.option("--only", multiple=True, metavar="CHECK", help="This check or room alone; repeat.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Not this check or room; repeat.")
@click.option("--since", metavar=_AGO, help="Look at the ledger from here on; 1h unless said.")
@click.option("--fix", "is_fixed", is_flag=True, help="Mend what can be, after showing the plan.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Show the plan alone, even with --fix.")
@click.option("--yes", "is_sure", is_flag=True, help="With --fix: do not ask.")
@click.option("--strict", is_flag=True, help="A warning is a failure.")
@click.option("--all", "is_all", is_flag=True, help="Show the checks that are well, too.")
@_asks_timeout
@asks_api
def doctor(session: Session, **given: Any) -> None:
    """Look at the whole stage, and say what is wrong, what it means and what fixes it.

    Nothing is changed without --fix. What the doctor mends itself, it mends only
    while it is as it was shown; each change stands in the journal.
    """
    if click.get_current_context().invoked_subcommand is None:
        _examine(session, _Asked(**given))


@doctor.command(epilog=examples("palyra doctor ledger --since 24h") + _CODES)
@click.option("--since", metavar=_AGO, default="24h", show_default=True, help="From here on.")
@_asks_timeout
@asks_api
def ledger(session: Session, *, since: str, timeout: float) -> None:
    """Prove from what was written that slots happened once, and as they may overlap."""
    seen = _asked(session, {"only": [_LEDGER], "since": instant(since, session)}, timeout)
    if session.as_json:
        session.screen.document(seen)
    else:
        report.tell(session.screen, seen, is_all=True)
    _end(seen["verdict"] == _FAILED)


@doctor.command(
    epilog=examples("palyra doctor undo RUN", "palyra doctor undo RUN --json")
    + "\n\nExit codes: 0 it was put back, or was changed since; 1 a change failed."
)
@click.argument("run", metavar="RUN")
@asks_key
@_asks_timeout
@asks_api
def undo(session: Session, run: str, *, key: str | None, timeout: float) -> None:
    """Put back what a run of --fix has changed, as far as it is still so."""
    made = session.api.make(f"{_ROUTE}/{checked('run', run)}/undo", key=key)
    back = _waited_for(session, made.document["id"], timeout)
    if session.as_json:
        session.screen.document(back)
    else:
        report.tell(session.screen, back, is_all=True)
        report.tell_changes(session.screen, back["changes"])
    _end(any(change["outcome"] == _FAILED for change in back["changes"]))


@doctor.command("list", epilog=examples("palyra doctor list"))
@asks_how_many
@asks_api
def list_runs(session: Session, *, most: int | None) -> None:
    """List what the doctor was asked for, the latest first."""
    page = session.api.listed(_ROUTE, most)
    show_page(session, page, report.LIST_COLUMNS, report.row, "the doctor was never asked")


@doctor.command(epilog=examples("palyra doctor show RUN"))
@click.argument("run", metavar="RUN")
@asks_api
def show(session: Session, run: str) -> None:
    """Show what an examination saw, and what was changed."""
    seen = session.api.get(f"{_ROUTE}/{checked('run', run)}")
    if session.as_json:
        session.screen.document(seen)
        return
    report.tell(session.screen, seen, is_all=True)
    if seen["changes"]:
        report.tell_changes(session.screen, seen["changes"])


@doctor.command(epilog=examples("palyra doctor checks"))
@asks_api
def checks(session: Session) -> None:
    """List the checks that there are, and what the doctor mends itself."""
    page = session.api.get(f"{_ROUTE}/checks")
    show_page(session, page, report.CHECK_COLUMNS, report.check_row, "there are none")


class _Asked(NamedTuple):
    """What was asked of `palyra doctor`, by its options."""

    only: tuple[str, ...]
    skip: tuple[str, ...]
    since: str | None
    is_fixed: bool
    is_dry: bool
    is_sure: bool
    strict: bool
    is_all: bool
    timeout: float

    def order(self, session: Session) -> dict[str, Any]:
        """Return what the API is asked for."""
        since = instant(self.since, session)
        wanted = {"only": list(self.only), "skip": list(self.skip), "since": since}
        return {name: value for name, value in wanted.items() if value}


def _examine(session: Session, asked: _Asked) -> None:
    is_fixed = asked.is_fixed and not asked.is_dry
    if is_fixed and session.as_json and not asked.is_sure:
        raise click.UsageError("--fix asks first, and --json leaves no place for it: say --yes")
    seen = _asked(session, asked.order(session), asked.timeout)
    if not session.as_json:
        report.tell(session.screen, seen, is_all=asked.is_all)
        if seen["changes"]:
            report.tell_changes(session.screen, seen["changes"])
    done = _fixed(session, seen, asked.timeout, is_sure=asked.is_sure) if is_fixed else None
    if session.as_json:
        session.screen.document(done or seen)
    elif seen["changes"] and not asked.is_fixed:
        session.screen.note("`palyra doctor --fix` makes these changes")
    bad = {_FAILED, _WARNING} if asked.strict else {_FAILED}
    _end(_is_left(seen, done, bad))


def _fixed(
    session: Session, seen: dict[str, Any], timeout: float, *, is_sure: bool
) -> dict[str, Any] | None:
    """Make the changes that an examination has planned, if somebody wants it."""
    if not seen["changes"]:
        session.screen.note("nothing of it can be mended by the doctor itself")
        return None
    if not is_sure:
        number = len(seen["changes"])
        question = f"Make {number} change{'' if number == 1 else 's'}?"
        confirm(session, lambda: question, asks="--fix asks first", otherwise="changed")
    made = session.api.make(f"{_ROUTE}/{seen['task_id']}/fix")
    done = _waited_for(session, made.document["id"], timeout)
    if not session.as_json:
        report.tell_changes(session.screen, done["changes"])
        if any(change["can_undo"] for change in done["changes"]):
            session.screen.note(f"`palyra doctor undo {done['task_id']}` puts back what can be")
    return done


def _is_left(seen: dict[str, Any], done: dict[str, Any] | None, bad: set[str]) -> bool:
    """Return whether something is bad still, after what was done about it."""
    verdicts = {each["key"]: each["verdict"] for each in seen["findings"]}
    if done is not None:
        verdicts |= {each["key"]: each["verdict"] for each in done["findings"]}
        if any(change["outcome"] == _FAILED for change in done["changes"]):
            return True
    return any(verdict in bad for verdict in verdicts.values())


def _asked(session: Session, wanted: dict[str, Any], timeout: float) -> dict[str, Any]:
    try:
        made = session.api.make(_ROUTE, wanted)
    except Problem as problem:
        if problem.document.get("status") != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        # No check of that name, say: 1 would mean that one of those that there are has failed.
        raise Problem(Exit.USAGE, problem.document) from None
    return _waited_for(session, made.document["id"], timeout)


def _waited_for(session: Session, task_id: str, timeout: float) -> dict[str, Any]:
    """Return an examination once it is complete.

    Raises:
        Problem: its task ended otherwise, no worker has done it in time, or nobody answers.
    """
    return completed(
        session,
        f"{_ROUTE}/{task_id}",
        timeout,
        what="examination",
        fix=f"see `palyra tasks show {task_id}`",
        unbegun=_not_begun(task_id, timeout),
    )


def _not_begun(task_id: str, timeout: float) -> Problem:
    detail = f"no worker has begun the examination within {timeout:g} s: the lane high stands still"
    fix = f"see `palyra status` and the logs of worker_high; `palyra doctor show {task_id}` later"
    return Problem.of(Exit.UNAVAILABLE, detail, fix)


def _end(is_bad: bool) -> None:  # noqa: FBT001 - what it ends with
    if is_bad:
        click.get_current_context().exit(Exit.FAILED)
