"""Checks of the tables, against the template."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.healing.doctor.blueprint import WantedTable
from chalicelib.healing.doctor.check import Look, NotKnown, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.settings import resource

_ACTIVE = "ACTIVE"
_ENABLED = "ENABLED"


def schema(rooms: Rooms) -> Look:
    """Hold keys and indexes against the template."""
    tables = rooms.wanted.tables
    bad = [f"{name}: {what}" for name in tables for what in _schema_faults(rooms, name)]
    return found(bad, f"{len(tables)} tables are as the template has them")


def recovery(rooms: Rooms) -> Look:
    """See that each table can be restored to any second."""

    def is_on(name: str) -> bool:
        answer = rooms.cloud.ask("dynamodb", "describe_continuous_backups", TableName=name) or {}
        backups = answer.get("ContinuousBackupsDescription", {})
        told = backups.get("PointInTimeRecoveryDescription", {})
        return bool(told.get("PointInTimeRecoveryStatus") == _ENABLED)

    return _each(rooms, is_on, "cannot be restored to a second", "can be restored to any second")


def protection(rooms: Rooms) -> Look:
    """See that each table refuses its deletion."""

    def is_on(name: str) -> bool:
        return bool(_described(rooms, name).get("DeletionProtectionEnabled"))

    return _each(rooms, is_on, "may be deleted", "refuse their deletion")


def expiry(rooms: Rooms) -> Look:
    """See that items expire where the template says so, by the attribute that it names."""
    tables = rooms.wanted.tables
    bad = [what for name, wanted in tables.items() for what in _expiry_faults(rooms, name, wanted)]
    expiring = sum(wanted.ttl is not None for wanted in tables.values())
    return found(bad, f"{expiring} tables let go of what has expired, the others keep everything")


def encryption(rooms: Rooms) -> Look:
    """See that each table is encrypted under a key of the account."""
    rooms.cloud.refuse_local("this cloud encrypts no tables")

    def is_on(name: str) -> bool:
        told = _described(rooms, name).get("SSEDescription", {})
        return bool(told.get("Status") == _ENABLED)

    bad, good = "is not encrypted under a key of this account", "are encrypted by a key of KMS"
    return _each(rooms, is_on, bad, good)


def _each(rooms: Rooms, is_well: Callable[[str], bool], bad: str, good: str) -> Look:
    tables = rooms.wanted.tables
    ill = [f"{name} {bad}" for name in tables if not is_well(resource(name))]
    return found(ill, f"{len(tables)} tables {good}")


def _described(rooms: Rooms, name: str) -> Mapping[str, Any]:
    answer = rooms.cloud.ask("dynamodb", "describe_table", TableName=name)
    return {} if answer is None else answer["Table"]


def _schema_faults(rooms: Rooms, name: str) -> Iterator[str]:
    wanted, table = rooms.wanted.tables[name], _described(rooms, resource(name))
    if not table:
        yield "it is missing"
        return
    if table["TableStatus"] != _ACTIVE:
        yield f"it is {table['TableStatus']}"
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    if _keys(table["KeySchema"], types) != wanted.keys:
        yield "its keys are others"
    yield from _index_faults(wanted, table.get("GlobalSecondaryIndexes", ()), types)


def _index_faults(
    wanted: WantedTable, indexes: Iterable[Mapping[str, Any]], types: Mapping[str, str]
) -> Iterator[str]:
    there = {index["IndexName"]: index for index in indexes}
    for name in sorted(there.keys() | wanted.indexes.keys()):
        index, expected = there.get(name), wanted.indexes.get(name)
        if index is None or expected is None:
            yield f"the index {name} is {'missing' if index is None else 'not in the template'}"
            continue
        if _keys(index["KeySchema"], types) != expected.keys:
            yield f"the keys of the index {name} are others"
        projected = index["Projection"]
        if (
            projected["ProjectionType"] != expected.projection
            or tuple(sorted(projected.get("NonKeyAttributes", ()))) != expected.attributes
        ):
            yield f"the index {name} carries other attributes"
        if index.get("IndexStatus", _ACTIVE) != _ACTIVE:
            yield f"the index {name} is {index['IndexStatus']}"


def _keys(schema: Iterable[Mapping[str, str]], types: Mapping[str, str]) -> tuple[str, ...]:
    ordered = sorted(schema, key=lambda each: each["KeyType"])
    return tuple(f"{each['AttributeName']}:{types[each['AttributeName']]}" for each in ordered)


def _expiry_faults(rooms: Rooms, name: str, wanted: WantedTable) -> Iterator[str]:
    answer = rooms.cloud.ask("dynamodb", "describe_time_to_live", TableName=resource(name))
    if answer is None:
        raise NotKnown(f"there is no table {name}")
    told = answer["TimeToLiveDescription"]
    is_on = told.get("TimeToLiveStatus") in {_ENABLED, "ENABLING"}
    attribute = told.get("AttributeName") if is_on else None
    if attribute != wanted.ttl:
        by = f"by {attribute}" if attribute else "never"
        yield f"{name}: items expire {by}; it must be {wanted.ttl or 'never'}"
