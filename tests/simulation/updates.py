"""Updates: the grammar of update expressions, and what they make of an item."""

from collections.abc import Callable
from typing import Any

from tests.simulation.attributes import (
    SETS,
    Attribute,
    Item,
    added,
    copied,
    in_order,
    kind_of,
)
from tests.simulation.evaluation import Check, Get, Values, at_path, getter
from tests.simulation.refusals import Invalid
from tests.simulation.tokens import Document, Path, Reader, refuse_overlaps

type Change = Callable[[Attribute | None, Attribute], Attribute | None]

_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_ABSENT = "The provided expression refers to an attribute that does not exist in the item"
_NO_PLACE = "The document path provided in the update expression is invalid for update"
_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")


class Update:
    """An update expression.

    Attributes:
        paths: everything that it changes.
        names: the top-level attributes that it changes.
        checks: what must be checked of the values of each call, whatever the item is.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._sets: list[tuple[Path, Get]] = []
        self._changes: list[tuple[Path, Change, str]] = []
        self._removes: list[Path] = []
        self.checks: list[Check] = []
        self._read()
        sets = [path for path, _ in self._sets]
        changes = [path for path, _, _ in self._changes]
        self.paths = (*sets, *self._removes, *changes)
        refuse_overlaps(reader, [*self.paths])
        self.names = tuple(dict.fromkeys(str(path[0]) for path in self.paths))
        # Elements are set from the front, so that those past a list's end stay in order, and
        # removed from the back, so that the others keep their places.
        self._plain = [(str(path[0]), get) for path, get in self._sets if len(path) == 1]
        self._nested = sorted(
            ((path, get) for path, get in self._sets if len(path) > 1), key=lambda pair: pair[0]
        )
        self._removes.sort(reverse=True)

    def apply(self, old: Item, values: Values) -> Item:
        """Return what an item is after it; all operands are those of before.

        Raises:
            Invalid: it does not fit the item.
        """
        new = old.copy()
        for name, get in self._plain:
            new[name] = _present(get(old, values))
        if self._nested or self._changes:
            self._apply_nested(new, old, values)
        for path in self._removes:
            if len(path) == 1:
                new.pop(str(path[0]), None)
            else:
                self._put(new, old, path, None)
        return new

    def _apply_nested(self, new: Item, old: Item, values: Values) -> None:
        for path, get in self._nested:
            self._put(new, old, path, _present(get(old, values)))
        for path, change, placeholder in self._changes:
            self._put(new, old, path, change(at_path(old, path), values[placeholder]))

    def _put(self, new: Item, old: Item, path: Path, value: Attribute | None) -> None:
        """Put a value at a path, or remove what is there."""
        name = str(path[0])
        if len(path) == 1:
            _put_member(new, name, value)
            return
        if name in new and new[name] is old.get(name):
            new[name] = copied(new[name])
        parent = at_path(new, path[:-1])
        step = path[-1]
        if parent is None or (kind_of(parent) != ("L" if isinstance(step, int) else "M")):
            raise Invalid(_NO_PLACE)
        if isinstance(step, int):
            _put_element(parent["L"], step, value)
        else:
            _put_member(parent["M"], step, value)

    def _read(self) -> None:
        seen: set[str] = set()
        while section := self._reader.takes(*_SECTIONS):
            if section in seen:
                raise self._reader.error(
                    f'The "{section}" section can only be used once in an update expression;'
                )
            seen.add(section)
            self._action(section)
            while self._reader.takes(","):
                self._action(section)
        self._reader.end()

    def _action(self, section: str) -> None:
        path = self._reader.path()
        if section == "SET":
            self._reader.expect("=")
            self._sets.append((path, self._sum()))
        elif section == "REMOVE":
            self._removes.append(path)
        else:
            placeholder = self._reader.value().placeholder
            kinds = SETS | {"N"} if section == "ADD" else SETS
            self._check(placeholder, kinds, section)
            change = _increased if section == "ADD" else _without
            self._changes.append((path, change, placeholder))

    def _sum(self) -> Get:
        begin = self._reader.place()
        left = self._operand()
        sign = self._reader.takes("+", "-")
        if sign is None:
            return left
        self._reader.back_to(begin)
        left = self._operand("N", sign)
        self._reader.expect(sign)
        right = self._operand("N", sign)
        return _arithmetic(left, right, 1 if sign == "+" else -1)

    def _operand(self, kind: str = "", operator: str = "") -> Get:
        """Take an operand; where a kind is given, its values must be of it."""
        if self._reader.takes("("):
            get = self._sum() if not kind else self._operand(kind, operator)
            self._reader.expect(")")
            return get
        if self._reader.peek().kind == "value":
            value = self._reader.value()
            if kind:
                self._check(value.placeholder, frozenset({kind}), operator)
            return getter(value)
        if self._reader.peek().kind == "word" and self._reader.peek(1).text == "(":
            return self._function()
        return getter(Document(self._reader.path()))

    def _function(self) -> Get:
        function = self._reader.next().text
        if function not in {"if_not_exists", "list_append"}:
            raise self._reader.error(f"Invalid function name; function: {function}")
        self._reader.expect("(")
        get = self._append() if function == "list_append" else self._default()
        self._reader.expect(")")
        return get

    def _append(self) -> Get:
        left = self._operand("L", "list_append")
        self._reader.expect(",")
        right = self._operand("L", "list_append")

        def get(item: Item, values: Values) -> Attribute:
            first, second = _present(left(item, values)), _present(right(item, values))
            if "L" not in first or "L" not in second:
                raise Invalid(_WRONG_TYPE)
            return {"L": first["L"] + second["L"]}

        return get

    def _default(self) -> Get:
        if self._reader.peek().kind == "value":
            raise self._reader.error(
                "Operator or function requires a document path; operator or function: if_not_exists"
            )
        path = self._reader.path()
        self._reader.expect(",")
        other = self._operand()

        def get(item: Item, values: Values) -> Attribute | None:
            found = at_path(item, path)
            return other(item, values) if found is None else found

        return get

    def _check(self, placeholder: str, kinds: frozenset[str], operator: str) -> None:
        kind = self._reader.kind

        def check(values: Values) -> None:
            if values[placeholder].keys().isdisjoint(kinds):
                raise Invalid(
                    f"Invalid {kind}: Incorrect operand type for operator or function; "
                    f"operator: {operator}, operand type: {kind_of(values[placeholder])}"
                )

        self.checks.append(check)


def _present(value: Attribute | None) -> Attribute:
    if value is None:
        raise Invalid(_ABSENT)
    return value


def _arithmetic(left: Get, right: Get, sign: int) -> Get:
    def get(item: Item, values: Values) -> Attribute:
        first, second = _present(left(item, values)), _present(right(item, values))
        if "N" not in first or "N" not in second:
            raise Invalid(_WRONG_TYPE)
        return {"N": added(first["N"], second["N"], sign)}

    return get


def _increased(old: Attribute | None, by: Attribute) -> Attribute:
    """Return the sum of numbers, or the union of sets."""
    kind = kind_of(by)
    if old is None:
        return by
    if kind not in old:
        raise Invalid(_WRONG_TYPE)
    if kind == "N":
        return {"N": added(old["N"], by["N"], 1)}
    return {kind: in_order(kind, [*{*old[kind], *by[kind]}])}


def _without(old: Attribute | None, less: Attribute) -> Attribute | None:
    """Return a set without elements; a set without any is none."""
    if old is None:
        return None
    kind = kind_of(less)
    if kind not in old:
        raise Invalid(_WRONG_TYPE)
    rest = [each for each in old[kind] if each not in less[kind]]
    return {kind: rest} if rest else None


def _put_member(members: dict[str, Any], name: str, value: Attribute | None) -> None:
    if value is None:
        members.pop(name, None)
    else:
        members[name] = value


def _put_element(elements: list[Attribute], at: int, value: Attribute | None) -> None:
    if value is None:
        del elements[at : at + 1]
    elif at < len(elements):
        elements[at] = value
    else:
        elements.append(value)
