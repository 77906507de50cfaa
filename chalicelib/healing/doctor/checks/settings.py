"""Checks of the settings: valid ones alone let a function start, so what is left is agreement."""

from collections import Counter
from collections.abc import Mapping
from itertools import islice

from chalicelib.background.looking import NEVER
from chalicelib.healing.doctor.check import Look, found
from chalicelib.healing.doctor.rooms import Rooms

_OURS = "PALYRA_"
_MOST_SHARDS = 64  # As the declaration of scheduler.shards says.


def agree(rooms: Rooms) -> Look:
    """Hold the variables of all functions against each other; their values are never shown."""
    functions = rooms.wanted.functions
    variables = {name: _variables(rooms, each.deployed) for name, each in functions.items()}
    usual = Counter(tuple(sorted(each.items())) for each in variables.values()).most_common(1)
    expected = dict(usual[0][0]) if usual else {}
    bad = [
        f"{name}: {variable} is not what the other functions have"
        for name, own in variables.items()
        for variable in sorted(own.keys() | expected.keys())
        if own.get(variable) != expected.get(variable)
    ]
    return found(bad, f"{len(variables)} functions have the same {len(expected)} variables")


def shards(rooms: Rooms) -> Look:
    """Look for what stands in partitions of the indexes that nobody looks at any more."""
    beyond = range(rooms.settings.shards, _MOST_SHARDS)
    bad = [f"shard {shard} still holds {what}" for shard in beyond for what in _held(rooms, shard)]
    return found(bad, f"nothing stands beyond the {rooms.settings.shards} shards")


def _variables(rooms: Rooms, function: str) -> Mapping[str, str]:
    answer = rooms.cloud.ask("lambda", "get_function_configuration", FunctionName=function)
    given = (answer or {}).get("Environment", {}).get("Variables", {})
    return {name: value for name, value in given.items() if name.startswith(_OURS)}


def _held(rooms: Rooms, shard: int) -> list[str]:
    jobs = any(rooms.jobs.next_slots(shard))
    tasks = any(
        any(True for _ in islice(rooms.work.due(lane, shard, NEVER), 1)) for lane in rooms.lanes
    )
    return [what for what, is_there in (("jobs", jobs), ("open tasks", tasks)) if is_there]
