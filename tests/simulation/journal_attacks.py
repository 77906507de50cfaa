"""What somebody who can write the table and the buckets could do to a journal."""

import json
from collections.abc import Callable
from typing import Any

from chalicelib.journal.chain import link
from chalicelib.journal.event import audit_stream, stream_of
from tests.simulation.items import Item, number, text
from tests.simulation.journal_checker import SEALS
from tests.simulation.world import World

_TABLE = "palyra-local-journal"
_STREAM = audit_stream("main", stream_of("K"))


def _edited(world: World) -> None:
    """Change what an event says, and nothing else."""
    first = _rows(world, _STREAM)[0]
    _set(world, first, content=_other(first))


def _rechained(world: World) -> None:
    """Change the last event of a stream, hash it anew, and let another one follow it."""
    last = _rows(world, _STREAM)[-1]
    content, seq = _other(last), number(last, "sk")
    anew = link(_STREAM, str(seq), text(last, "previous"), content)
    _set(world, last, content=content, link=anew)
    behind = last | {"sk": {"N": str(seq + 1)}}
    following = link(_STREAM, str(seq + 1), anew, content)
    _set(world, behind, content=content, previous=anew, link=following)


def _cut(world: World) -> None:
    """Take the last event of a stream away."""
    _remove(world, _rows(world, _STREAM)[-1])


def _relabelled(world: World) -> None:
    """Change what stands beside an event for searching."""
    _set(world, _rows(world, _STREAM)[0], kind="nothing.happened")


def _emptied(world: World) -> None:
    """Change a large event, where it is kept."""
    name = next(each for each in world.objects if each.startswith("journal/"))
    world.objects = world.objects | {name: world.objects[name].replace(b"word", b"tale")}


def _forged(world: World) -> None:
    """Sign the newest seal by nobody's key."""
    seals = _rows(world, SEALS)
    _set(world, seals[-1], signature=text(seals[0], "signature"))


def _set_back(world: World) -> None:
    """Take the newest seal away, as a restored table would."""
    _remove(world, _rows(world, SEALS)[-1])


def _recopied(world: World) -> None:
    """Take the copies of the first seal away."""
    names = [name for name in world.objects if not name.startswith("seals/000000000001/")]
    world.objects = {name: world.objects[name] for name in names}


ATTACKS: dict[str, Callable[[World], None]] = {
    "edited": _edited,
    "rechained": _rechained,
    "cut": _cut,
    "relabelled": _relabelled,
    "emptied": _emptied,
    "forged": _forged,
    "set-back": _set_back,
    "recopied": _recopied,
}


def _rows(world: World, stream: str) -> list[Item]:
    rows = [row.item for row in world.dynamo.tables[_TABLE].rows().values()]
    own = [row for row in rows if text(row, "pk") == stream]
    return sorted(own, key=lambda row: number(row, "sk"))


def _other(row: Item) -> str:
    """Return what an event could say instead, in the form in which all are written."""
    content = json.loads(text(row, "content")) | {"actor": "token:nobody"}
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _set(world: World, row: Item, **values: str) -> None:
    changed = {name: {"S": value} for name, value in values.items()}
    _do(world, "PutItem", {"Item": row | changed})


def _remove(world: World, row: Item) -> None:
    _do(world, "DeleteItem", {"Key": {name: row[name] for name in ("pk", "sk")}})


def _do(world: World, operation: str, arguments: dict[str, Any]) -> None:
    """Write behind everybody's back: no call of the schedule, and seen by no checker."""
    checker, world.dynamo.checker = world.dynamo.checker, None
    try:
        world.dynamo.call(operation, {"TableName": _TABLE, **arguments})
    finally:
        world.dynamo.checker = checker
