"""Looking at an exported file again, long after: the file alone, and the hash that was told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.journal_file import Broken, JournalFile
from cli.output import Screen, State, Value
from cli.problem import Exit, Problem

_PIECE_BYTES = 1024 * 1024


def checked(path: Path, told: str | None) -> dict[str, Any]:
    """Return what a file is; a `detail` says why it does not hold.

    Args:
        path: of the file.
        told: the hash of its last line, as it was told when it was written; None if nobody knows.

    Raises:
        Problem: it cannot be read.
    """
    file, detail = JournalFile(), None
    try:
        for _ in file.checked(_pieces(path)):
            pass
        if told is not None:
            file.end_as(told)
    except Broken as broken:
        detail = str(broken)
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}"
        raise Problem.of(Exit.FAILED, why, "name a file that `palyra journal export` wrote") from (
            error
        )
    facts = {name: file.begin.get(name) for name in ("owner", "made_at", "query")}
    return {
        "file": str(path),
        "holds": detail is None,
        "detail": detail,
        "entries": file.entries,
        "hash": file.hash,
        **facts,
    }


def tell(screen: Screen, found: dict[str, Any]) -> None:
    """Print what a file is."""
    screen.pairs(_pairs(found))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _pairs(found: dict[str, Any]) -> list[tuple[str, Value]]:
    return [
        ("file", State("holds" if found["holds"] else "broken")),
        ("why", found["detail"]),
        ("owner", _shown(found["owner"])),
        ("made", _shown(found["made_at"])),
        ("query", json.dumps(found["query"]) if found["query"] else None),
        ("entries", str(found["entries"])),
        ("hash", found["hash"] or None),
    ]


def _shown(said: Any) -> str | None:
    return None if said is None else str(said)
