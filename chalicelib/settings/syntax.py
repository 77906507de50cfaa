"""What is told about a `palyra.toml` that cannot be read.

The TOML parser names line and column alone; the setting in that line is found here, by the look of
the lines, which is enough for what stands in a table of numbers and texts.
"""

import re
from pathlib import Path

from chalicelib.errors import Fault
from chalicelib.settings.reading import FILE

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_TWICE = re.compile(r"Cannot (?:overwrite|declare|mutate)\b")
_HEADER = re.compile(r"\s*\[+([^\[\]]+)\]")
_NAMED = re.compile(r"""\s*([\w."'-]+)\s*=""")


def misread(path: Path, error: Exception) -> Fault:
    """Return the fault of a file that raised an error when it was read or parsed."""
    if isinstance(error, OSError):
        told = error.strerror or type(error).__name__
        return Fault(FILE, f"{FILE} cannot be read: {told}", "make it a file that can be read")
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return Fault(FILE, f"line {line} of {FILE} is not UTF-8", "save the file as UTF-8")
    place = _PLACE.search(str(error))
    if place is None:  # A number without end, or tables without bottom.
        return Fault(FILE, f"{FILE} is not TOML: {error}", "write each setting as key = value")
    lines = path.read_bytes().decode().rstrip().split("\n")
    line = int(place[1] or len(lines))
    told = _PLACE.sub("", str(error))
    if _TWICE.match(told):
        return _twice(lines[:line], line)
    name = _name(lines[:line])
    where = f"line {line} of {FILE}" + (f", {name}," if name != FILE else "")
    return Fault(name, f"{where} is not TOML ({told})", "write each setting as key = value")


def _twice(lines: list[str], line: int) -> Fault:
    name = _name(lines)
    return Fault(name, f"{name} stands in {FILE} again in line {line}", "keep one of them")


def _name(lines: list[str]) -> str:
    """Return the setting of the last line, or its section, or else the file."""
    last = lines[-1] if lines else ""
    headers = [header[1].strip() for header in map(_HEADER.match, lines) if header]
    named = _NAMED.match(last)
    if named:
        return ".".join([*headers[-1:], named[1]])
    return headers[-1] if headers and _HEADER.match(last) else FILE
