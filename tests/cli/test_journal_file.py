"""An exported file, looked at again without anybody to ask."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.journal import export
from chalicelib.journal.chain import genesis
from chalicelib.journal.entry import Entry
from chalicelib.journal.store import JournalStore
from cli.journal_file import Broken, JournalFile
from tests.cli.terminal import StubTerminal
from tests.cli.test_journal_export import (
    changed,
    cut,
    left_out,
    longer,
    none_at_all,
    of_another,
    shortened,
)
from tests.journal.events import an_event, append
from tests.support.world import World

MADE_AT = "2026-11-22T12:00:00Z"


def written(*found: Entry) -> bytes:
    """Return a file of entries, as Palyra writes one."""
    begun, at = export.begin("main", "01M81J18G00000000000000000", MADE_AT, {"kind": "test"}, [0])
    chain = json.loads(begun)["chain"]
    middle, at = export.entries(chain, at, found)
    last, _ = export.end(chain, at, len(found))
    return (begun + middle + last).encode()


@pytest.fixture
def content(world: World) -> bytes:  # noqa: ARG001 - where the journal stands
    append(an_event("a"), an_event("b", 1))
    stream = an_event("a").stream
    return written(*reversed(JournalStore().newest(stream, None, 10)))


@pytest.fixture
def file(content: bytes, tmp_path: Path) -> Path:
    made = tmp_path / "november.ndjson"
    made.write_bytes(content)
    return made


def hash_of(content: bytes) -> str:
    return str(json.loads(content.splitlines()[-1])["hash"])


def test_a_file_that_holds_says_whose_journal_it_is(
    stub: StubTerminal, file: Path, content: bytes
) -> None:
    ended = stub.run("journal", "verify-file", str(file))

    assert (ended.code, stub.api.asked) == (0, [])
    told = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert told["file"] == "holds"
    assert (told["owner"], told["entries"], told["hash"]) == ("main", "2", hash_of(content))
    assert told["query"] == '{"kind": "test"}'
    assert "--hash" in ended.err


def test_a_file_is_held_against_the_hash_that_was_told(
    stub: StubTerminal, file: Path, content: bytes
) -> None:
    good = stub.run("journal", "verify-file", str(file), "--hash", hash_of(content))
    other = stub.run("journal", "verify-file", str(file), "--hash", "0" * 64)
    assert (good.code, good.err) == (0, "")
    assert other.code == 1
    assert "its last line is not the one that was written there" in other.out


def test_json_says_the_same(stub: StubTerminal, file: Path, content: bytes) -> None:
    ended = stub.run("journal", "verify-file", str(file), "--json")
    assert json.loads(ended.out) == {
        "file": str(file),
        "holds": True,
        "detail": None,
        "entries": 2,
        "hash": hash_of(content),
        "owner": "main",
        "made_at": MADE_AT,
        "query": {"kind": "test"},
    }


@pytest.mark.parametrize(
    "change", [cut, changed, shortened, left_out, longer, of_another, none_at_all]
)
@pytest.mark.parametrize("asked", [[], ["--json"]])
def test_a_file_that_does_not_hold_says_where(
    stub: StubTerminal,
    file: Path,
    content: bytes,
    change: Callable[[bytes], bytes],
    asked: list[str],
) -> None:
    file.write_bytes(change(content))
    ended = stub.run("journal", "verify-file", str(file), *asked)
    assert ended.code == 1
    if asked:
        told = json.loads(ended.out)
        assert (told["holds"], bool(told["detail"])) == (False, True)
    else:
        assert ended.out.startswith("file     broken\n")


def test_what_steers_a_terminal_is_not_let_through(stub: StubTerminal, file: Path) -> None:
    first = {"type": "begin", "format": export.FORMAT, "chain": "x", "owner": "\x1b[31mred"}
    file.write_text(json.dumps(first | {"hash": "0"}) + "\n")
    ended = stub.run("journal", "verify-file", str(file))
    assert ended.code == 1
    assert "\x1b[31mred" not in ended.out


def test_a_file_that_is_not_there_is_told(stub: StubTerminal, tmp_path: Path) -> None:
    ended = stub.run("journal", "verify-file", str(tmp_path / "none"))
    assert (ended.code, "none" in ended.err) == (2, True)


def test_a_file_that_cannot_be_read_is_told(
    stub: StubTerminal, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path, *_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", denied)
    ended = stub.run("journal", "verify-file", str(file))
    assert ended.code == 1
    assert "cannot be read: Permission denied" in ended.err


@pytest.mark.parametrize("told", ["abc", "Z" * 64, "0" * 63])
def test_a_hash_that_is_none_is_refused(stub: StubTerminal, file: Path, told: str) -> None:
    ended = stub.run("journal", "verify-file", str(file), "--hash", told)
    assert ended.code == 2
    assert "64 hexadecimal digits" in ended.err


def forged(**first: object) -> bytes:
    """Return a whole file without entries whose hashes hold, and whose first line says anything."""
    begin = {"type": "begin", "format": export.FORMAT, "chain": "x", **first}
    text, at = export._lines("x", export.Written(0, genesis("x")), [begin])
    last, _ = export.end("x", at, 0)
    return (text + last).encode()


@pytest.mark.parametrize("first", [{}, {"owner": 1}, {"query": "all"}, {"made_at": ["now"]}])
def test_a_first_line_that_says_nothing_is_no_crash(
    stub: StubTerminal, file: Path, first: dict[str, object]
) -> None:
    file.write_bytes(forged(**first))
    ended = stub.run("journal", "verify-file", str(file))
    assert ended.code in {0, 1}
    assert "Traceback" not in ended.err


DEEP = b"[" * 100_000
HOSTILE = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ).map(lambda content: json.dumps(content).encode() + b"\n"),
    st.sampled_from([DEEP, b'{"hash": ' + DEEP, b'{"chain": "\\ud800", "format": "%s"}\n']),
)


@given(st.lists(HOSTILE, max_size=4))
def test_whatever_is_no_such_file_is_broken(pieces: list[bytes]) -> None:
    with pytest.raises(Broken):
        list(JournalFile().checked(pieces))


@pytest.mark.parametrize("chain", ["\ud800", 7, None, ["x"]])
@pytest.mark.parametrize("entry", [{}, {"stream": "\ud800", "seq": "1"}, {"stream": [], "seq": {}}])
def test_lines_of_other_types_are_broken(chain: object, entry: dict[str, object]) -> None:
    first = {"type": "begin", "format": export.FORMAT, "chain": chain}
    digest = hashlib.sha256().hexdigest()
    lines = [first | {"hash": digest}, {"type": "entry", "hash": digest, **entry}]
    with pytest.raises(Broken):
        list(JournalFile().checked([json.dumps(line).encode() + b"\n" for line in lines]))
