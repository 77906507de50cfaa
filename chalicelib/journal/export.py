"""The file that a journal is exported as: hash-chained NDJSON, `palyra.journal.export/1`.

The first line says whose journal it is, what was asked for and where each stream ended then; then
comes an entry a line, stream by stream in order; the last line counts them. Each line is canonical
JSON (RFC 8785) whose `hash` is the link of the line without it, so that no line can be changed,
left out or added, and no file be cut, without its being seen. An entry stands there as it is hashed
in its stream: where nothing was filtered out, the streams' own chains can be followed, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.clock import rfc3339
from chalicelib.journal.chain import canonical, genesis, link
from chalicelib.journal.entry import Entry

FORMAT = "palyra.journal.export/1"


class Written(NamedTuple):
    """How far a file has come: the lines it has, and the last one's hash."""

    lines: int
    hash: str


def chain_of(owner: str, export: str) -> str:
    """Return the name of the chain of an export's lines."""
    return f"{owner}#export#{export}"


def begin(
    owner: str, export: str, made_at: str, query: Mapping[str, Any], ends: Sequence[int]
) -> tuple[str, Written]:
    """Return the first line of a file.

    Args:
        owner: whose journal.
        export: the id of the task that writes it.
        made_at: when it was asked for, as RFC 3339.
        query: the fields of what was asked for.
        ends: the last position of each stream.
    """
    first = {
        "type": "begin",
        "format": FORMAT,
        "chain": chain_of(owner, export),
        "owner": owner,
        "made_at": made_at,
        "query": dict(query),
        "ends": list(ends),
    }
    return _lines(chain_of(owner, export), Written(0, genesis(chain_of(owner, export))), [first])


def entries(chain: str, written: Written, found: Iterable[Entry]) -> tuple[str, Written]:
    """Return the lines of entries."""
    return _lines(chain, written, map(_shown, found))


def end(chain: str, written: Written, number: int) -> tuple[str, Written]:
    """Return the last line of a file with so many entries."""
    return _lines(chain, written, [{"type": "end", "entries": number}])


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "type": "entry",
        "at": rfc3339(entry.at),
        "stream": entry.chain,
        "seq": entry.seq,
        "previous": entry.previous,
        "content": entry.content,
        "link": entry.link,
    }


def _lines(
    chain: str, written: Written, contents: Iterable[Mapping[str, Any]]
) -> tuple[str, Written]:
    number, last = written
    text = []
    for content in contents:
        number += 1
        last = link(chain, str(number), last, canonical(content))
        text.append(canonical({**content, "hash": last}) + "\n")
    return "".join(text), Written(number, last)
