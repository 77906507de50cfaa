"""`palyra journal`: who did what, when; and whether that is still as it was written."""

import json
import re
from pathlib import Path
from typing import Any

import click

from cli import (
    journal_check,
    journal_days,
    journal_erase,
    journal_export,
    journal_tail,
    journal_verify,
)
from cli.asking import confirm
from cli.columns import Column
from cli.examples import examples
from cli.journal_filters import asks_filters
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Value
from cli.problem import Exit
from cli.session import Session, asks_api
from cli.watch import asks_timeout

_MOST_TAILED = 200
_HASH = re.compile(r"[0-9a-f]{64}")
_COLUMNS = (
    *(Column("AT", is_whole=True), Column("KIND", is_whole=True), Column("ACTOR")),
    *(Column("SUBJECT", is_whole=True), Column("STREAM", is_whole=True)),
    Column("SEQ", is_whole=True),
)
_ON_VERIFY = examples("palyra journal verify", "palyra journal verify --json | jq .troubles")
_ON_VERIFY += "\n\nExit codes: 0 it holds, 1 it does not, 69 not within --timeout."


def _a_hash(_context: click.Context, _option: click.Parameter, told: str | None) -> str | None:
    if told is not None and not _HASH.fullmatch(told):
        raise click.BadParameter("it is no hash: send 64 hexadecimal digits")
    return told


@click.group()
def journal() -> None:
    """See, export and verify what happened."""


@journal.command(epilog=examples("palyra journal tail", "palyra journal tail -n 50 --follow"))
@click.option(
    "-n",
    "--lines",
    "number",
    type=click.IntRange(0, _MOST_TAILED),
    default=20,
    show_default=True,
    help="How many to begin with.",
)
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what comes.")
@asks_api
def tail(session: Session, *, number: int, is_followed: bool) -> None:
    """Show the newest entries, the last one at the end.

    With --json each line is an entry.
    """
    journal_tail.tail(session, number, is_followed=is_followed)


@journal.command(
    epilog=examples(
        "palyra journal search --kind job --since 2h",
        "palyra journal search --subject ID --all --json",
        'palyra journal search --actor token --text "not needed" --until 7d',
    )
)
@asks_how_many
@asks_api
@asks_filters
def search(session: Session, *, query: dict[str, Any], most: int | None) -> None:
    """List the entries that are asked for, newest first."""
    page = session.api.listed("/v1/journal", most, **query)
    show_page(session, page, _COLUMNS, _row, "no such entries")


@journal.command(
    epilog=examples(
        "palyra journal days", "palyra journal days --from 2026-01-01 --to 2026-11-22 --json"
    )
)
@click.option("--from", "first", metavar="DAY", help="The first day; 30 days ago unless said.")
@click.option("--to", "last", metavar="DAY", help="The last day; today unless said.")
@asks_api
def days(session: Session, *, first: str | None, last: str | None) -> None:
    """Count the events of each day (UTC) by kind, those that were moved to S3 too."""
    counted = session.api.get("/v1/journal/days", **{"from": first, "to": last})
    journal_days.show(session, counted)


@journal.command(epilog=examples("palyra journal show 3 17"))
@click.argument("stream", type=click.IntRange(0))
@click.argument("seq", type=click.IntRange(1))
@asks_api
def show(session: Session, stream: int, seq: int) -> None:
    """Show an entry by its stream and position."""
    entry = session.api.get(f"/v1/journal/{stream}/{seq}")
    if session.as_json:
        session.screen.document(entry)
    else:
        session.screen.pairs(_pairs(entry))


@journal.command(
    epilog=examples(
        "palyra journal export", "palyra journal export --since 30d --output november.ndjson"
    )
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("journal.ndjson"),
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@asks_timeout
@asks_key
@asks_api
@asks_filters
def export(
    session: Session,
    *,
    query: dict[str, Any],
    output: Path,
    force: bool,
    timeout: float | None,
    key: str | None,
) -> None:
    """Write entries to a file of hash-chained NDJSON, verified as it comes."""
    journal_export.refuse_existing(output, force=force)
    made = session.api.make("/v1/journal/exports", query, key=key)
    done = journal_export.waited_for(session, made.document["task_id"], timeout)
    journal_export.download(done, output)
    if session.as_json:
        session.screen.document(done | {"file": str(output)})
    else:
        session.screen.line(f"{output}  {done['entries']} entries, {done['bytes']} bytes, verified")
        session.screen.note(f"keep its hash elsewhere: {done['hash']}")


@journal.command(epilog=_ON_VERIFY)
@asks_timeout
@asks_key
@asks_api
def verify(session: Session, *, timeout: float | None, key: str | None) -> None:
    """Let all hashes, seals and signatures be checked, and say what was found."""
    made = session.api.make("/v1/journal/verify", key=key)
    found = journal_verify.waited_for(session, made.document["id"], timeout)
    if session.as_json:
        session.screen.document(found)
    else:
        journal_verify.tell(session.screen, found)
    if not found["holds"]:
        click.get_current_context().exit(Exit.FAILED)


@journal.command(
    "verify-file",
    epilog=examples(
        "palyra journal verify-file november.ndjson",
        "palyra journal verify-file november.ndjson --hash HASH --json",
    )
    + "\n\nExit codes: 0 it holds, 1 it does not. Nobody is asked: no token is needed.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--hash", "told", metavar="HASH", callback=_a_hash, help="What `export` said, or its --json."
)
@asks_api
def verify_file(session: Session, *, file: Path, told: str | None) -> None:
    """Follow all hashes of a file that `export` wrote, and say whether they hold.

    Whoever can write the file can make all of it anew: only with --hash is it known to be the one
    that was written.
    """
    found = journal_check.checked(file, told)
    if session.as_json:
        session.screen.document(found)
    else:
        journal_check.tell(session.screen, found)
        if found["holds"] and told is None:
            session.screen.note("with --hash it is held against what was written, too")
    if not found["holds"]:
        click.get_current_context().exit(Exit.FAILED)


@journal.command(
    epilog=examples('palyra journal erase ID --reason "asked for in ticket 4711"')
    + "\n\nWhat is left after that, and what is not: docs/erasure.md."
)
@click.argument("subject", metavar="ID")
@click.option("--reason", required=True, help="Why; it stays, so let it name nobody.")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@asks_key
@asks_api
def erase(session: Session, subject: str, *, reason: str, is_sure: bool, key: str | None) -> None:
    """Erase what was written in a deleted job, or in a task that ended, and in its runs.

    Of a node that was thrown out, or of an incident, what was written about it. It cannot be
    undone. What happened and when stays in the journal, which still verifies.
    """
    if not is_sure:
        question = f"Erase what is known of {subject}, for ever?"
        confirm(session, lambda: question, asks="erasing asks first", otherwise="erased")
    made = session.api.make("/v1/erasures", {"subject": subject, "reason": reason}, key=key)
    if session.as_json:
        session.screen.document(made.document)
    else:
        task = made.document["id"]
        session.screen.line(task)
        session.screen.note(f"`palyra tasks show {task}` says when nothing of it can be read")


@journal.command(epilog=examples("palyra journal erasures --json | jq '.items[].subject'"))
@asks_how_many
@asks_api
def erasures(session: Session, *, most: int | None) -> None:
    """List what was erased, the latest first."""
    page = session.api.listed("/v1/erasures", most)
    show_page(session, page, journal_erase.COLUMNS, journal_erase.row, "nothing was erased")


def _row(entry: dict[str, Any]) -> list[Value]:
    where = [str(entry["stream"]), str(entry["seq"])]
    return [Instant(entry["at"]), entry["kind"], entry["actor"], entry["subject"], *where]


def _pairs(entry: dict[str, Any]) -> list[tuple[str, Value]]:
    payload, personal = entry.get("payload"), entry.get("personal")
    if isinstance(personal, dict):
        personal = json.dumps(personal, ensure_ascii=False)
    return [
        ("stream", str(entry["stream"])),
        ("seq", str(entry["seq"])),
        ("at", Instant(entry["at"])),
        ("kind", entry["kind"]),
        ("actor", entry["actor"]),
        ("subject", entry["subject"]),
        ("id", entry["id"]),
        ("details", json.dumps(entry["details"], ensure_ascii=False)),
        ("personal", personal),
        ("payload", f"{payload['bytes']} bytes, SHA-256 {payload['sha256']}" if payload else None),
        ("previous", entry["previous"]),
        ("link", entry["link"]),
    ]
