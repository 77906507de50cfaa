"""An exported journal: the hashes that hold its lines together, followed line by line.

A line is canonical JSON. Its `hash` is SHA-256 over the context, the file's chain, the line's
number, the hash before it and the line without its own, each preceded by its length in eight bytes.
An entry carries its link in its own stream, made in the same way.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

FORMAT = "palyra.journal.export/1"
_CONTEXT = b"palyra/chain/1"
_LENGTH_BYTES = 8


class Broken(Exception):
    """The file is not what was written."""


class JournalFile:
    """What is known of a file that is read from its first line on.

    Attributes:
        entries: how many were read.
        hash: of the last line.
        begin: what the first line says: whose journal it is, and what was asked for.
    """

    def __init__(self) -> None:
        self.begin: dict[str, Any] = {}
        self.entries = 0
        self.hash = ""
        self._chain = ""
        self._lines = 0
        self._is_over = False
        self._ends: dict[str, tuple[int, str]] = {}

    def checked(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines of a file, each once its hash has been found to hold.

        Raises:
            Broken: a line does not hold, or the last one is missing.
        """
        for line in _lines(pieces):
            try:
                self._check(line)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise Broken(f"line {self._lines} is not one of such a file") from error
            yield line
        if not self._is_over:
            raise Broken(f"it ends after line {self._lines}, before its last line")

    def end_as(self, told: str) -> None:
        """Refuse a file that ends with another hash than was told.

        Raises:
            Broken: it is another file, however well its lines hold together.
        """
        if self.hash != told:
            raise Broken("its last line is not the one that was written there")

    def _check(self, line: bytes) -> None:
        content = _read(line, self._lines + 1)
        claimed = content.pop("hash", None)
        self._lines += 1
        if self._lines == 1:
            self._begin(content)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.hash = _link(self._chain, str(self._lines), self.hash, text)
        if self._is_over or claimed != self.hash:
            raise Broken(f"line {self._lines} is not the one that was written there")
        if content["type"] == "entry":
            self._check_entry(content)
        self._is_over = content["type"] == "end"
        if self._is_over and content["entries"] != self.entries:
            raise Broken(f"it has {self.entries} entries, not {content['entries']}")

    def _begin(self, content: dict[str, Any]) -> None:
        if content.get("format") != FORMAT:
            raise Broken(f"it does not begin as a file of {FORMAT}")
        self.begin = dict(content)
        self._chain = str(content.get("chain"))
        self.hash = _digest(_CONTEXT, self._chain.encode())

    def _check_entry(self, content: dict[str, Any]) -> None:
        stream, seq, previous = content["stream"], content["seq"], content["previous"]
        name = f"entry {seq} of {stream}"
        if _link(stream, str(seq), previous, content["content"]) != content["link"]:
            raise Broken(f"{name} is not the one that was written there")
        last = self._ends.get(stream)
        if last is not None and last[0] + 1 == seq and last[1] != previous:
            raise Broken(f"{name} does not follow the one before it")
        if last is not None and last[0] >= seq:
            raise Broken(f"{name} stands behind a later one")
        self._ends[stream] = (seq, content["link"])
        self.entries += 1


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines; a line feed alone ends one, and texts may hold what others take for an end."""
    rest: list[bytes] = []
    for piece in pieces:
        *ended, last = piece.split(b"\n")
        for end in ended:
            yield b"".join((*rest, end, b"\n"))
            rest = []
        if last:
            rest.append(last)
    if rest:
        yield b"".join(rest)


def _read(line: bytes, number: int) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not line.endswith(b"\n"):
        raise Broken(f"line {number} is not whole")
    return content


def _link(chain: str, position: str, previous: str, content: str) -> str:
    return _digest(_CONTEXT, *(part.encode() for part in (chain, position, previous, content)))


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(_LENGTH_BYTES, "big"))
        digest.update(part)
    return digest.hexdigest()
