"""Projections: an item reduced to some document paths."""

from collections.abc import Sequence
from typing import Any

from tests.simulation.attributes import Attribute, Item, copied
from tests.simulation.tokens import Path, Reader, refuse_overlaps


def read_projection(reader: Reader) -> tuple[Path, ...]:
    """Return the paths of a projection expression."""
    paths = [reader.path()]
    while reader.takes(","):
        paths.append(reader.path())
    reader.end()
    refuse_overlaps(reader, paths)
    return tuple(paths)


def projected(item: Item, paths: Sequence[Path]) -> Item:
    """Return a copy of what an item has at these paths, elements of lists drawn together."""
    found: Item = {}
    for name in dict.fromkeys(str(path[0]) for path in paths):
        if name in item:
            value = _narrowed(item[name], [path[1:] for path in paths if path[0] == name])
            if value is not None:
                found[name] = value
    return found


def _narrowed(value: Attribute, paths: Sequence[Path]) -> Attribute | None:
    if () in paths:
        return copied(value)
    ((kind, content),) = value.items()
    shown = {path[0]: _child(kind, content, path[0], paths) for path in paths}
    found = {step: child for step, child in shown.items() if child is not None}
    if not found:
        return None
    if kind == "M":
        return {"M": found}
    return {"L": [found[step] for step in sorted(found)]}


def _child(kind: str, content: Any, step: str | int, paths: Sequence[Path]) -> Attribute | None:
    deeper = [path[1:] for path in paths if path[0] == step]
    if isinstance(step, int):
        if kind != "L" or step >= len(content):
            return None
    elif kind != "M" or step not in content:
        return None
    return _narrowed(content[step], deeper)
