"""Reading settings from `palyra.toml`.

A path into the file is a tuple of names until it is shown: a quoted name may hold a dot, and must
not pass for a name within a section.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from chalicelib.errors import Fault
from chalicelib.settings.declaration import Declaration
from chalicelib.settings.kinds import Unfit, nearest
from chalicelib.settings.reading import FILE, Reading, unfit

_BARE = r"[A-Za-z0-9_-]+"
_LONGEST_NAME = 80


# What stands at a path of the file.
type _Entry = tuple[tuple[str, ...], object]


def read_file(declared: Collection[Declaration], path: Path) -> Reading:
    """Return what a TOML file sets; nothing where there is none."""
    try:
        text = path.read_bytes().decode()
        table = {} if _says_nothing(text, declared) else _parsed(text)
    except FileNotFoundError:
        return Reading({}, [], set())
    except (OSError, ValueError, RecursionError) as error:
        from chalicelib.settings.syntax import misread  # noqa: PLC0415  few files need it

        return Reading({}, [misread(path, error)], {each.key for each in declared})
    return _judged(declared, table)


def _parsed(text: str) -> dict[str, object]:
    import tomllib  # noqa: PLC0415  most files set nothing, and a cold start is short of time

    return tomllib.loads(text)


def _says_nothing(text: str, declared: Collection[Declaration]) -> bool:
    lines = [line for line in map(str.strip, text.split("\n")) if line and line[0] != "#"]
    headers = {f"[{each.section}]" for each in declared}
    return len(set(lines)) == len(lines) and headers.issuperset(lines)


def _judged(declared: Collection[Declaration], table: Mapping[str, object]) -> Reading:
    reading = Reading({}, [], set())
    known = {tuple(each.key.split(".")): each for each in declared}
    for path, value in _entries(table, (), _sections(declared)):
        if path not in known:
            reading.faults.append(_unknown(path, value, declared))
            continue
        each = known[path]
        try:
            reading.values[each.key] = each.kind.of_toml(value)
        except Unfit as error:
            reading.doubtful.add(each.key)
            reading.faults.append(unfit(each, each.key, value, str(error)))
    return reading


def _entries(
    table: Mapping[str, object], above: tuple[str, ...], sections: Collection[tuple[str, ...]]
) -> Iterator[_Entry]:
    for name, value in table.items():
        path = (*above, name)
        if path in sections and isinstance(value, dict):
            yield from _entries(value, path, sections)
        else:
            yield path, value


def _sections(declared: Collection[Declaration]) -> set[tuple[str, ...]]:
    parts = [tuple(each.section.split(".")) for each in declared]
    return {part[:length] for part in parts for length in range(1, len(part) + 1)}


def _unknown(path: tuple[str, ...], value: object, declared: Collection[Declaration]) -> Fault:
    name = ".".join(part if re.fullmatch(_BARE, part) else repr(part) for part in path)
    name = name[:_LONGEST_NAME]
    sections = sorted({".".join(section) for section in _sections(declared)})
    if path in _sections(declared):
        return Fault(name, f"{name} in {FILE} is no section", f"write it as [{name}]")
    if isinstance(value, dict):
        meant = nearest(name, sections)
        fix = f"did you mean [{meant}]?" if meant else f"the sections are {', '.join(sections)}"
        return Fault(name, f"[{name}] in {FILE} is no section", fix)
    return Fault(name, f"{name} in {FILE} is no setting", _meant(name, declared))


def _meant(name: str, declared: Collection[Declaration]) -> str:
    meant = nearest(name, [each.key for each in declared])
    if meant is None:
        return "delete it; docs/settings.md lists what there is"
    section, _, key = meant.rpartition(".")
    return f"did you mean {key} in [{section}]?"
