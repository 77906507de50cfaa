"""The shape of a table: its keys and indexes, and the rows that fit it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tests.simulation.attributes import (
    Attribute,
    Item,
    copied_item,
    kind_of,
    measured,
    number,
)
from tests.simulation.refusals import Invalid, invalid_parameter

type KeyPart = Any
type Key = tuple[KeyPart, KeyPart]

_MOST_BYTES = 400 * 1024
_HASH_BYTES, _RANGE_BYTES = 2048, 1024
_MISMATCH = "The provided key element does not match the schema"


class Row:
    """An item as it is stored; nothing of it is ever changed.

    Attributes:
        key: the values of its hash and range key.
        size: its bytes.
        places: where it stands in the table and in each index, as hash and range; None: not in it.
    """

    __slots__ = ("flat", "item", "key", "places", "size")

    def __init__(
        self, item: Item, size: int, places: tuple[Key | None, ...], *, flat: bool
    ) -> None:
        self.item = item
        self.size = size
        self.places = places
        self.flat = flat
        assert places[0] is not None
        self.key: Key = places[0]

    def copy(self) -> Item:
        """Return the item for a caller, who may change it."""
        if self.flat:
            return {name: value.copy() for name, value in self.item.items()}
        return copied_item(self.item)


class Index(NamedTuple):
    """A secondary index, or the table itself under the name "".

    Attributes:
        projected: the attributes that it holds; None: all.
        keys_only: whether it holds keys alone.
    """

    name: str
    hash: str
    range: str | None
    projected: tuple[str, ...] | None
    keys_only: bool = False

    def entry(self, row: Row) -> Item:
        """Return what it holds of a row, sharing the row's values."""
        if self.projected is None:
            return row.item
        item = row.item
        return {name: item[name] for name in self.projected if name in item}

    def copy(self, row: Row) -> Item:
        """Return what it holds of a row, for a caller, who may change it."""
        if self.projected is None:
            return row.copy()
        item = row.item
        if row.flat:
            return {name: item[name].copy() for name in self.projected if name in item}
        return copied_item(self.entry(row))

    def size(self, row: Row) -> int:
        """Return the bytes of what it holds of a row."""
        if self.projected is None:
            return row.size
        return measured(row.item, self.projected)[0]


class Schema:
    """A table's keys and indexes, as CreateTable is told them.

    Attributes:
        indexes: the table itself, and then its secondary indexes.
        key_names: the attributes of the table's own key.
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.name: str = definition["TableName"]
        self._kinds: Mapping[str, str] = {
            each["AttributeName"]: each["AttributeType"]
            for each in definition["AttributeDefinitions"]
        }
        own = Index("", *_key_schema(definition), None)
        self.key_names = frozenset(name for name in (own.hash, own.range) if name)
        secondary = definition.get("GlobalSecondaryIndexes", ())
        self.indexes = (own, *(self._secondary(each) for each in secondary))
        self._index_keys = frozenset(self._kinds) - self.key_names

    def _secondary(self, definition: Mapping[str, Any]) -> Index:
        keys = _key_schema(definition)
        projection = definition["Projection"]
        shown = frozenset(projection.get("NonKeyAttributes", ()))
        shown |= self.key_names | {name for name in keys if name}
        kind = projection["ProjectionType"]
        projected = None if kind == "ALL" else tuple(sorted(shown))
        return Index(definition["IndexName"], *keys, projected, kind == "KEYS_ONLY")

    def number_of(self, index: str) -> int:
        """Return which of the indexes has a name.

        Raises:
            Invalid: none has.
        """
        for at, each in enumerate(self.indexes):
            if each.name == index:
                return at
        raise Invalid(f"The table does not have the specified index: {index}")

    def key(self, key: Mapping[str, Attribute]) -> Key:
        """Return a key's values.

        Raises:
            Invalid: it is not a key of this table.
        """
        if key.keys() != self.key_names:
            raise Invalid(_MISMATCH)
        own = self.indexes[0]
        hash_ = self.part(own.hash, key[own.hash], _MISMATCH)
        if own.range is None:
            return hash_, None
        return hash_, self.part(own.range, key[own.range], _MISMATCH)

    def part(self, name: str, value: Attribute, mismatch: str) -> KeyPart:
        """Return a key attribute's value, as keys are compared.

        Raises:
            Invalid: it is of another kind, empty or too long.
        """
        kind = self._kinds[name]
        try:
            content = value[kind]
        except KeyError:
            raise Invalid(mismatch) from None
        if kind == "N":
            return number(content)
        if not content:
            raise Invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty {_NAMES[kind]} value. Key: {name}"
            )
        return content

    def row(self, item: Item) -> Row:
        """Return a row of an item in canonical form.

        Raises:
            Invalid: its keys do not fit, or it is too large.
        """
        size, flat = measured(item, item)
        return _sized(Row(item, size, self._places(item), flat=flat))

    def changed(self, old: Row, item: Item, names: Iterable[str]) -> Row:
        """Return a row after a change of some of its attributes.

        Raises:
            Invalid: its index keys do not fit any more, or it is too large.
        """
        less, _ = measured(old.item, names)
        more, flat = measured(item, names)
        places = old.places
        if not self._index_keys.isdisjoint(names):
            places = self._places(item)
        return _sized(Row(item, old.size - less + more, places, flat=flat and old.flat))

    def _places(self, item: Item) -> tuple[Key | None, ...]:
        own, *secondary = self.indexes
        key = (self._own_part(item, own.hash), self._own_part(item, own.range))
        _check_size(key)
        return (key, *(self._place(index, item) for index in secondary))

    def _own_part(self, item: Item, name: str | None) -> KeyPart:
        if name is None:
            return None
        if name not in item:
            raise invalid_parameter(f"Missing the key {name} in the item")
        expected, actual = self._kinds[name], kind_of(item[name])
        return self.part(
            name,
            item[name],
            "One or more parameter values were invalid: Type mismatch for key "
            f"{name} expected: {expected} actual: {actual}",
        )

    def _place(self, index: Index, item: Item) -> Key | None:
        hash_, range_ = self._index_part(index, index.hash, item), None
        if index.range is not None:
            range_ = self._index_part(index, index.range, item)
            if range_ is None:
                return None
        return None if hash_ is None else (hash_, range_)

    def _index_part(self, index: Index, name: str, item: Item) -> KeyPart:
        value = item.get(name)
        if value is None:
            return None
        kind = self._kinds[name]
        content = value.get(kind)
        if kind == "N" and content is not None:
            return number(content)
        if content:
            return content
        raise invalid_parameter(
            f"Type mismatch for Index Key {name} Expected: {kind} Actual: {kind_of(value)} "
            f"IndexName: {index.name}"
            if content is None
            else "A value specified for a secondary index key is not supported. The AttributeValue "
            f"for a key attribute cannot contain an empty {_NAMES[kind]} value. "
            f"IndexName: {index.name}, IndexKey: {name}"
        )


_NAMES = {"S": "string", "B": "binary"}


def _key_schema(definition: Mapping[str, Any]) -> tuple[str, str | None]:
    parts = {each["KeyType"]: each["AttributeName"] for each in definition["KeySchema"]}
    return parts["HASH"], parts.get("RANGE")


def _check_size(key: Key) -> None:
    hash_, range_ = key
    if _bytes(hash_) > _HASH_BYTES:
        raise invalid_parameter(
            f"Size of hashkey has exceeded the maximum size limit of{_HASH_BYTES} bytes"
        )
    if _bytes(range_) > _RANGE_BYTES:
        raise invalid_parameter(
            f"Aggregated size of all range keys has exceeded the size limit of {_RANGE_BYTES} bytes"
        )


def _bytes(part: KeyPart) -> int:
    if isinstance(part, str):
        return len(part) if part.isascii() else len(part.encode())
    return len(part) if isinstance(part, bytes) else 0


def _sized(row: Row) -> Row:
    if row.size > _MOST_BYTES:
        raise Invalid("Item size has exceeded the maximum allowed size")
    return row
