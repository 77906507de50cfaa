"""The file that a journal is exported as."""

import hashlib
import json
import struct
from typing import Any

import pytest
import rfc8785

from chalicelib.journal import export
from tests.journal.events import an_event
from tests.journal.test_query import entry_of

CHAIN = "main#export#T"
ENTRIES = [
    entry_of(an_event("a", details={"name": "ünï\u2028 \x7f \t"})),
    entry_of(an_event("b", 1, subject="K")),
]


def link_by_hand(*parts: str) -> str:
    encoded = [part.encode() for part in ("palyra/chain/1", *parts)]
    return hashlib.sha256(b"".join(struct.pack(">Q", len(it)) + it for it in encoded)).hexdigest()


def a_file() -> list[str]:
    """Return the lines of a file with two entries."""
    head, written = export.begin("main", "T", "2026-11-22T12:00:00Z", {"kind": "test"}, [1, 1])
    first, written = export.entries(CHAIN, written, ENTRIES[:1])
    second, written = export.entries(CHAIN, written, ENTRIES[1:])
    tail, _ = export.end(CHAIN, written, 2)
    return lines_of(head + first + second + tail)


def lines_of(text: str) -> list[str]:
    """Return lines, which end with a line feed alone: texts may hold what others take for one."""
    return [line + "\n" for line in text.split("\n")[:-1]]


def verify(lines: list[str]) -> list[dict[str, Any]]:
    """Follow the hashes of a file by hand; return its lines as they are read."""
    last = link_by_hand(CHAIN)
    read = []
    for number, line in enumerate(lines, 1):
        content = json.loads(line)
        claimed = content.pop("hash")
        last = link_by_hand(CHAIN, str(number), last, rfc8785.dumps(content).decode())
        assert claimed == last
        read.append(content)
    assert read[-1] == {"type": "end", "entries": len(read) - 2}
    return read


def test_the_first_line_says_what_was_asked_for() -> None:
    assert verify(a_file())[0] == {
        "type": "begin",
        "format": "palyra.journal.export/1",
        "chain": CHAIN,
        "owner": "main",
        "made_at": "2026-11-22T12:00:00Z",
        "query": {"kind": "test"},
        "ends": [1, 1],
    }


def test_an_entry_stands_there_as_it_is_hashed_in_its_stream() -> None:
    shown = verify(a_file())[1]
    stream, previous, content = shown["stream"], shown["previous"], shown["content"]
    assert link_by_hand(stream, str(shown["seq"]), previous, content) == shown["link"]
    assert json.loads(content)["details"] == {"name": "ünï\u2028 \x7f \t"}
    assert (shown["type"], shown["at"]) == ("entry", "2026-11-22T12:00:00Z")


def test_in_how_many_pieces_it_was_written_makes_no_difference() -> None:
    _, written = export.begin("main", "T", "2026-11-22T12:00:00Z", {"kind": "test"}, [1, 1])
    both, _ = export.entries(CHAIN, written, ENTRIES)
    assert lines_of(both) == a_file()[1:3]


@pytest.mark.parametrize(
    "lines",
    [
        a_file()[:-1],
        a_file()[:1] + a_file()[2:],
        [a_file()[0], a_file()[2], a_file()[1], a_file()[3]],
        [*a_file()[:2], a_file()[1], *a_file()[2:]],
        [line.replace("test.happened", "test.hidden") for line in a_file()],
    ],
    ids=["cut", "left out", "swapped", "repeated", "changed"],
)
def test_whatever_is_done_to_a_file_is_seen(lines: list[str]) -> None:
    with pytest.raises(AssertionError):
        verify(lines)


def test_a_line_is_canonical_json() -> None:
    for line in a_file():
        assert line == rfc8785.dumps(json.loads(line)).decode() + "\n"
