"""Random calls: well-formed and not, in the style of the stores and beyond it."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.simulation.attributes import Attribute, Item

type Arguments = dict[str, Any]

TABLE, PLAIN = "things", "plain"
TABLES: list[Arguments] = [
    {
        "TableName": TABLE,
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "lane", "AttributeType": "S"},
            {"AttributeName": "wake", "AttributeType": "N"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "keys",
                "KeySchema": [
                    {"AttributeName": "lane", "KeyType": "HASH"},
                    {"AttributeName": "wake", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "some",
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "wake", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["s", "n"]},
            },
            {
                "IndexName": "all",
                "KeySchema": [{"AttributeName": "lane", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
        ],
    },
    {
        "TableName": PLAIN,
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
    },
]
_HASHES = ("a", "b")
_TEXTS = ("", "a", "ab", "b", "abc", "zoë", "~")
_NUMBERS = ("0", "1", "2", "3", "-1", "2.5", "10", "1000000000000")
_KINDS: dict[str, str] = {
    "s": "S",
    "n": "N",
    "n2": "N",
    "bin": "B",
    "flag": "BOOL",
    "nil": "NULL",
    "ss": "SS",
    "ns": "NS",
    "bs": "BS",
    "l": "L",
    "m": "M",
    "lane": "S",
    "wake": "N",
}
_DEEP = ("m.x", "m.y", "l[0]", "l[1]", "l[7]", "m.l[0]", "m.none.x", "s.x")
_INDEXED = ("lane", "wake")
_PLAIN = ("s", "n", "n2", "bin", "flag")
_COMPARATORS = ("=", "=", "<>", "<", "<=", ">", ">=")


def _order(value: Attribute) -> Any:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content


class Text:
    """An expression being written, and the names and values that it needs."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Attribute] = {}

    def path(self, path: str) -> str:
        """Return a path whose names are aliases."""
        steps = []
        for step in path.split("."):
            name, bracket, rest = step.partition("[")
            alias = f"#{name}"
            self.names[alias] = name
            steps.append(alias + bracket + rest)
        return ".".join(steps)

    def value(self, value: Attribute) -> str:
        """Return a value's placeholder."""
        placeholder = f":{len(self.values)}"
        self.values[placeholder] = value
        return placeholder

    def arguments(self, **expressions: str | None) -> Arguments:
        """Return the expressions as arguments of a call."""
        found: Arguments = {name: text for name, text in expressions.items() if text}
        if self.names:
            found["ExpressionAttributeNames"] = self.names
        if self.values:
            found["ExpressionAttributeValues"] = self.values
        return found


class Generator:
    """Makes calls, the same ones for the same random."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._pick = random.choice

    def call(self) -> tuple[str, Arguments]:
        """Return an operation and its arguments."""
        makers: Sequence[tuple[int, Callable[[], tuple[str, Arguments]]]] = (
            (5, self._put),
            (8, self._update),
            (2, self._delete),
            (2, self._get),
            (1, self._batch),
            (4, self._query),
            (1, self._scan),
            (4, self._transaction),
            (1, self._transact_get),
        )
        weights = [weight for weight, _ in makers]
        (maker,) = self._random.choices([make for _, make in makers], weights)
        return maker()

    def _chance(self, part: float) -> bool:
        return self._random.random() < part

    def _table(self) -> str:
        return TABLE if self._chance(0.8) else PLAIN

    def _key(self, table: str) -> Item:
        sort: Attribute = {"S": self._pick(("1", "2", "3"))}
        if table == PLAIN:
            sort = {"N": self._pick(("1", "2", "10"))}
        return {"pk": {"S": self._pick(_HASHES)}, "sk": sort}

    def _value(self, kind: str, depth: int = 0) -> Attribute:
        if kind in {"L", "M"}:
            return self._document(kind, depth)
        if kind in {"SS", "NS", "BS"}:
            pool: Sequence[Any] = {"SS": _TEXTS[1:], "NS": _NUMBERS, "BS": (b"\x00", b"ab")}[kind]
            return {kind: self._random.sample(pool, self._random.randint(1, len(pool)))}
        made: dict[str, Callable[[], Any]] = {
            "S": lambda: self._pick(_TEXTS),
            "N": lambda: self._pick(_NUMBERS),
            "B": lambda: self._pick((b"\x00", b"ab", b"abc", b"\xff")),
            "BOOL": lambda: self._pick((True, False)),
            "NULL": lambda: True,
        }
        return {kind: made[kind]()}

    def _document(self, kind: str, depth: int) -> Attribute:
        kinds = ("S", "N", "SS", "L", "M") if depth < 2 else ("S", "N")
        values = [
            self._value(self._pick(kinds), depth + 1) for _ in range(self._random.randint(0, 3))
        ]
        if kind == "L":
            return {"L": values}
        return {"M": dict(zip(("x", "y", "l"), values, strict=False))}

    def _attribute(self, name: str) -> Attribute:
        sound = name in _INDEXED or self._chance(0.97)
        kind = _KINDS[name] if sound else self._pick(tuple(_KINDS.values()))
        value = self._value(kind)
        return {"S": self._pick(_HASHES)} if name == "lane" and "S" in value else value

    def _item(self, table: str) -> Item:
        names = self._random.sample(tuple(_KINDS), self._random.randint(0, 8))
        return self._key(table) | {name: self._attribute(name) for name in names}

    def _path(self) -> str:
        return self._pick(_DEEP) if self._chance(0.25) else self._pick(tuple(_KINDS))

    def _operand(self, text: Text, path: str) -> str:
        """Return a value that suits a path, mostly."""
        kind = _KINDS.get(path, "N")
        if self._chance(0.05):
            kind = self._pick(("S", "N", "B"))
        return text.value(self._value(kind))

    def condition(self, text: Text, depth: int = 0) -> str:
        """Return a condition."""
        if depth < 3 and self._chance(0.4):
            left, right = self.condition(text, depth + 1), self.condition(text, depth + 1)
            return f"({left} {self._pick(('AND', 'OR'))} {right})"
        if depth < 3 and self._chance(0.1):
            return f"(NOT {self.condition(text, depth + 1)})"
        forms = (self._compared, self._compared, self._compared, self._function, self._ranged)
        return self._pick(forms)(text)

    def _compared(self, text: Text) -> str:
        path, operator = self._path(), self._pick(_COMPARATORS)
        while path == "nil":
            path = self._path()
        if operator not in {"=", "<>"}:
            path = self._pick(("s", "s", "n", "n2", "bin", "wake", "wake", "m.x"))
        return f"{text.path(path)} {operator} {self._operand(text, path)}"

    def _ranged(self, text: Text) -> str:
        path = self._pick(("s", "n", "bin", "wake", "m.x"))
        shown = text.path(path)
        if self._chance(0.5):
            choices = ", ".join(self._operand(text, path) for _ in range(3))
            return f"{shown} IN ({choices})"
        kind = _KINDS.get(path, "N")
        low, high = sorted((self._value(kind), self._value(kind)), key=_order)
        return f"{shown} BETWEEN {text.value(low)} AND {text.value(high)}"

    def _function(self, text: Text) -> str:
        path = self._path()
        shown = text.path(path)
        name = self._pick(
            (
                "attribute_exists",
                "attribute_not_exists",
                "attribute_type",
                "begins_with",
                "contains",
                "size",
            )
        )
        if name == "attribute_type":
            return f"attribute_type({shown}, {text.value({'S': self._pick(('S', 'N', 'L'))})})"
        if name == "begins_with":
            return f"begins_with({shown}, {text.value(self._value(self._pick('SB')))})"
        if name == "contains":
            return f"contains({shown}, {text.value(self._value(self._pick(('S', 'N', 'B'))))})"
        if name == "size":
            return f"size({shown}) {self._pick(_COMPARATORS)} {text.value({'N': '2'})}"
        return f"{name}({shown})"

    def _conditional(
        self, arguments: Arguments, text: Text, **expressions: str | None
    ) -> Arguments:
        condition = self.condition(text) if self._chance(0.6) else None
        if self._chance(0.5):
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return arguments | text.arguments(ConditionExpression=condition, **expressions)

    def _put(self) -> tuple[str, Arguments]:
        table = self._table()
        arguments = {
            "TableName": table,
            "Item": self._item(table),
            "ReturnValues": self._pick(("NONE", "ALL_OLD")),
        }
        return "PutItem", self._conditional(arguments, Text())

    def _delete(self) -> tuple[str, Arguments]:
        table = self._table()
        arguments = {
            "TableName": table,
            "Key": self._key(table),
            "ReturnValues": self._pick(("NONE", "ALL_OLD")),
        }
        return "DeleteItem", self._conditional(arguments, Text())

    def _update(self) -> tuple[str, Arguments]:
        table, text = self._table(), Text()
        arguments = {
            "TableName": table,
            "Key": self._key(table),
            "ReturnValues": self._pick(
                ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
            ),
        }
        update = self.update(text)
        return "UpdateItem", self._conditional(arguments, text, UpdateExpression=update)

    def update(self, text: Text) -> str:
        """Return an update expression whose paths do not overlap."""
        names = self._random.sample(tuple(_KINDS), self._random.randint(1, 4))
        sections: dict[str, list[str]] = {}
        for name in names:
            section, action = self._action(text, name)
            sections.setdefault(section, []).append(action)
        return " ".join(f"{section} {', '.join(acts)}" for section, acts in sections.items())

    def _action(self, text: Text, name: str) -> tuple[str, str]:
        if _KINDS[name] in {"L", "M"} and self._chance(0.6):
            return self._deep_action(text, name)
        path = text.path(name)
        if self._chance(0.2):
            return "REMOVE", path
        kind = _KINDS[name]
        if kind in {"SS", "NS", "BS"} and self._chance(0.7):
            return self._pick(("ADD", "DELETE")), f"{path} {text.value(self._value(kind))}"
        if kind == "N" and self._chance(0.7):
            return self._arithmetic(text, path)
        return "SET", self._assignment(text, name, path)

    def _assignment(self, text: Text, name: str, path: str) -> str:
        if self._chance(0.2):
            default = text.value(self._attribute(name))
            source = path if name in _INDEXED else text.path(self._pick(_PLAIN))
            return f"{path} = if_not_exists({source}, {default})"
        if self._chance(0.1) and name not in _INDEXED:
            return f"{path} = {text.path(self._pick(_PLAIN))}"
        return f"{path} = {text.value(self._attribute(name))}"

    def _arithmetic(self, text: Text, path: str) -> tuple[str, str]:
        number = text.value(self._value("N"))
        if self._chance(0.3):
            return "ADD", f"{path} {number}"
        sign = self._pick("+-")
        if self._chance(0.3):
            zero = text.value({"N": "0"})
            return "SET", f"{path} = if_not_exists({path}, {zero}) {sign} {number}"
        source = path if self._chance(0.7) else text.path(self._pick(("n", "n2", "wake")))
        return "SET", f"{path} = {source} {sign} {number}"

    def _deep_action(self, text: Text, name: str) -> tuple[str, str]:
        if name == "l" and self._chance(0.4):
            path, more = text.path("l"), text.value(self._value("L"))
            if self._chance(0.5):
                return "SET", f"{path} = list_append({path}, {more})"
            empty = text.value({"L": []})
            return "SET", f"{path} = list_append(if_not_exists({path}, {empty}), {more})"
        path = text.path(self._pick(("l[0]", "l[1]", "l[7]") if name == "l" else ("m.x", "m.y")))
        if self._chance(0.3):
            return "REMOVE", path
        return "SET", f"{path} = {text.value(self._value(self._pick(('S', 'N'))))}"

    def _projection(self, text: Text) -> str | None:
        if self._chance(0.6):
            return None
        paths = self._random.sample(("s", "n", "ss", "m.x", "m.y", "l[1]", "l[0]", "pk"), 3)
        return ", ".join(text.path(path) for path in paths)

    def _get(self) -> tuple[str, Arguments]:
        table, text = self._table(), Text()
        arguments = {"TableName": table, "Key": self._key(table), "ConsistentRead": True}
        projection = self._projection(text)
        return "GetItem", arguments | text.arguments(ProjectionExpression=projection)

    def _batch(self) -> tuple[str, Arguments]:
        requests: Arguments = {}
        for table in self._random.sample((TABLE, PLAIN), self._random.randint(1, 2)):
            keys = {str(key): key for key in (self._key(table) for _ in range(3))}
            text = Text()
            projection = self._projection(text)
            requests[table] = {"Keys": [*keys.values()]}
            requests[table] |= text.arguments(ProjectionExpression=projection)
        return "BatchGetItem", {"RequestItems": requests}

    def _transact_get(self) -> tuple[str, Arguments]:
        tables = [self._table() for _ in range(3)]
        keys = {str((table, key)): (table, key) for table in tables for key in [self._key(table)]}
        gets = [{"Get": {"TableName": table, "Key": key}} for table, key in keys.values()]
        return "TransactGetItems", {"TransactItems": gets}

    def _page(self, table: str) -> Arguments:
        arguments: Arguments = {"TableName": table}
        if table == TABLE and self._chance(0.6):
            arguments["IndexName"] = self._pick(("keys", "some", "all"))
        if self._chance(0.5):
            arguments["Limit"] = self._random.randint(1, 4)
        return arguments

    def _query(self) -> tuple[str, Arguments]:
        table, text = self._table(), Text()
        arguments = self._page(table)
        hash_, range_ = {"keys": ("lane", "wake"), "some": ("pk", "wake"), "all": ("lane", "")}.get(
            arguments.get("IndexName", ""), ("pk", "sk")
        )
        key = f"{text.path(hash_)} = {text.value({'S': self._pick(_HASHES)})}"
        if range_ and self._chance(0.6):
            kind = "N" if range_ == "wake" or table == PLAIN else "S"
            key += f" AND {self._range(text, range_, kind)}"
        filter_ = self._filter(text)
        if self._chance(0.4):
            arguments["ScanIndexForward"] = False
        expressions = text.arguments(KeyConditionExpression=key, FilterExpression=filter_)
        return "Query", arguments | expressions

    def _filter(self, text: Text) -> str | None:
        if self._chance(0.7):
            return None
        path = self._pick(("s", "n", "ss", "flag", "m.x"))
        return f"{text.path(path)} {self._pick(('=', '<>'))} {self._operand(text, path)}"

    def _range(self, text: Text, name: str, kind: str) -> str:
        def bound() -> Attribute:
            pool = ("1", "2", "10", "3") if kind == "S" else _NUMBERS
            return {kind: self._pick(pool)}

        path = text.path(name)
        form = self._pick(("=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"))
        if form == "begins_with" and kind == "S":
            return f"begins_with({path}, {text.value(bound())})"
        if form in {"BETWEEN", "begins_with"}:
            low, high = sorted((bound(), bound()), key=_order)
            return f"{path} BETWEEN {text.value(low)} AND {text.value(high)}"
        return f"{path} {form} {text.value(bound())}"

    def _scan(self) -> tuple[str, Arguments]:
        table, text = self._table(), Text()
        arguments = self._page(table)
        filter_ = self._filter(text)
        return "Scan", arguments | text.arguments(FilterExpression=filter_)

    def _transaction(self) -> tuple[str, Arguments]:
        items: list[Arguments] = []
        for _ in range(self._random.randint(1, 4)):
            kind, arguments = self._pick((self._put, self._update, self._delete))()
            arguments.pop("ReturnValues")
            if self._chance(0.2) and kind == "DeleteItem":
                arguments |= Text().arguments()
                arguments.setdefault("ConditionExpression", "attribute_exists(pk)")
                kind = "ConditionCheckItem"
            items.append({kind.removesuffix("Item"): arguments})
        return "TransactWriteItems", {"TransactItems": items}
