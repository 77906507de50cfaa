"""Getting the journal as a file: asked for, waited for, and verified while it is written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from cli.connection import is_loopback
from cli.journal_file import Broken, JournalFile
from cli.pace import Pace
from cli.problem import Exit, Problem
from cli.session import Session
from cli.watch import UNFINISHED

_PATH = "/v1/journal/exports"
_SECONDS = 30.0
_ONLY_OURS = 0o600


def waited_for(session: Session, task_id: str, timeout: float | None) -> dict[str, Any]:
    """Return an export once it is written.

    Raises:
        Problem: it ended otherwise, the time is over, or nobody answers.
    """
    pace, path, etag = Pace(session, timeout), f"{_PATH}/{task_id}", None
    while True:
        answer = pace.changed(path, etag)
        if answer is not None:
            etag, export = answer.etag, answer.document
            if export["link"] is not None:
                return export
            if export["state"] not in UNFINISHED:
                detail = f"the export ended {export['state']}: {export['reason'] or 'no reason'}"
                raise Problem.of(Exit.FAILED, detail, "ask for it again")
        pace.wait()


def refuse_existing(output: Path, *, force: bool) -> None:
    """Refuse to write over a file, unless that is wanted.

    Raises:
        Problem: it is there.
    """
    if output.exists() and not force:
        detail = f"{output} exists"
        raise Problem.of(Exit.FAILED, detail, "name another file with --output, or use --force")


def download(export: dict[str, Any], output: Path) -> None:
    """Write an export's file; nothing is left of one whose hashes do not hold.

    Raises:
        Problem: it is not what was written, cannot be had, or cannot be kept.
    """
    file = JournalFile()
    part = output.with_name(f"{output.name}.part")
    try:
        with _written(part) as into, _pieces(export["link"]) as pieces:
            for line in file.checked(pieces):
                into.write(line)
        file.end_as(export["hash"])
        part.replace(output)
    except Broken as broken:
        raise Problem.of(Exit.FAILED, f"the file does not hold: {broken}", "ask again") from broken
    except OSError as error:
        detail = f"{output} cannot be written: {error.strerror}"
        raise Problem.of(Exit.FAILED, detail, "name another file with --output") from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _written(part: Path) -> Iterator[BinaryIO]:
    # What happened in a workspace is no matter of everybody on this machine.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(part, flags, _ONLY_OURS), "wb") as into:
        yield into


@contextmanager
def _pieces(link: str) -> Iterator[Iterator[bytes]]:
    # The link says by itself who may read; the token is for nobody but the API.
    is_local = is_loopback(link)
    try:
        with (
            httpx.Client(timeout=_SECONDS, trust_env=not is_local) as http,
            http.stream("GET", link) as answer,
        ):
            if not answer.is_success:
                raise _unavailable(f"the file is answered with {answer.status_code}")
            yield answer.iter_bytes()
    except httpx.HTTPError as error:
        raise _unavailable(f"the file cannot be had: {type(error).__name__}") from error


def _unavailable(detail: str) -> Problem:
    return Problem.of(Exit.UNAVAILABLE, detail, "ask for the export again: links are short-lived")
