"""The tool `journal.search`: what happened in the workspace of a run, and nothing of any other."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.clock import rfc3339
from chalicelib.errors import PalyraError
from chalicelib.journal.entry import Entry
from chalicelib.journal.query import read_query
from chalicelib.journal.search import JournalSearch
from chalicelib.runs.late_tools import MOST_ENTRIES, Call
from chalicelib.runs.tools import Invocation

_REFUSED = HTTPStatus.UNPROCESSABLE_ENTITY
# What a tool returns becomes a step of a run, which is one item of a table.
_DETAILS_CHARACTERS = 2_000


def journal_search(search: JournalSearch) -> Call:
    """Return what searches the journal of the owner whose run calls it."""

    def call(invocation: Invocation) -> Mapping[str, Any]:
        asked = dict(invocation.arguments)
        after = asked.pop("cursor", None)
        try:
            query = read_query(asked)
            found = search.search(invocation.owner, query, _cursor(after), MOST_ENTRIES)
        except PalyraError as error:
            if error.status != _REFUSED:
                raise
            # The model reads it and can ask better; the run goes on.
            return {"refused": error.detail, "fix": _fix(error)}
        return {"entries": [_told(entry) for entry in found.items], "cursor": found.next}

    return call


def _cursor(after: Any) -> str | None:
    return None if after is None else str(after)


def _fix(error: PalyraError) -> str:
    return "; ".join(f"{fault.field}: {fault.fix}" for fault in error.faults)


def _told(entry: Entry) -> dict[str, Any]:
    told = {
        "stream": entry.stream,
        "seq": entry.seq,
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "subject": entry.subject,
    }
    if len(entry.content) <= _DETAILS_CHARACTERS:
        return told | {"details": entry.details}
    return told | {"details_left_out": "too long"}
