"""Conditions: the grammar that condition, filter and key condition expressions share."""

from typing import NamedTuple

from tests.simulation.refusals import Invalid
from tests.simulation.tokens import Document, Reader, Value


class Size(NamedTuple):
    """The size of an operand, itself an operand."""

    operand: "Operand"


type Operand = Value | Document | Size


class Comparison(NamedTuple):
    """Two operands and what holds between them."""

    operator: str
    left: Operand
    right: Operand


class Between(NamedTuple):
    """An operand within two bounds."""

    operand: Operand
    low: Operand
    high: Operand


class Among(NamedTuple):
    """An operand that equals one of several."""

    operand: Operand
    choices: tuple[Operand, ...]


class Call(NamedTuple):
    """A function that is a condition."""

    function: str
    operands: tuple[Operand, ...]


class Not(NamedTuple):
    """The opposite of a condition."""

    node: "Node"


class Both(NamedTuple):
    """Two conditions that must hold."""

    left: "Node"
    right: "Node"


class Either(NamedTuple):
    """Two conditions of which one must hold."""

    left: "Node"
    right: "Node"


type Node = Comparison | Between | Among | Call | Not | Both | Either

_OPERANDS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
_OF_PATHS = frozenset({"attribute_exists", "attribute_not_exists"})
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_MOST_CHOICES = 100


class Grammar:
    """Reads a condition."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parenthesized = (-1, -1)

    def read(self) -> Node:
        """Return the whole expression.

        Raises:
            Invalid: it is not a condition.
        """
        node = self._either()
        self._reader.end()
        return node

    def _either(self) -> Node:
        node = self._both()
        while self._reader.takes("OR"):
            node = Either(node, self._both())
        return node

    def _both(self) -> Node:
        node = self._not()
        while self._reader.takes("AND"):
            node = Both(node, self._not())
        return node

    def _not(self) -> Node:
        if self._reader.takes("NOT"):
            return Not(self._not())
        return self._primary()

    def _primary(self) -> Node:
        begin = self._reader.place()
        if self._reader.peek().text != "(":
            return self._simple()
        try:
            return self._in_parentheses(begin)
        except _Redundant:
            raise
        except Invalid:
            # It was an operand that stands in parentheses.
            self._reader.back_to(begin)
            return self._simple()

    def _in_parentheses(self, begin: int) -> Node:
        self._reader.expect("(")
        node = self._either()
        inner = (begin + 1, self._reader.place())
        self._reader.expect(")")
        if self._parenthesized == inner:
            raise _Redundant(self._reader)
        self._parenthesized = (begin, self._reader.place())
        return node

    def _simple(self) -> Node:
        if self._is_call() and self._reader.peek().text != "size":
            return self._condition_call()
        left = self._operand()
        operator = self._reader.takes(*_COMPARATORS)
        if operator:
            return self._comparison(operator, left)
        if self._reader.takes("BETWEEN"):
            low = self._operand()
            self._reader.expect("AND")
            return Between(left, low, self._operand())
        if self._reader.takes("IN"):
            return Among(left, self._choices())
        if isinstance(left, Size):
            raise self._misused("size")
        raise self._reader.syntax_error()

    def _comparison(self, operator: str, left: Operand) -> Node:
        right = self._operand()
        self._refuse_same(operator, (left, right))
        return Comparison(operator, left, right)

    def _choices(self) -> tuple[Operand, ...]:
        choices = self._arguments()
        if len(choices) > _MOST_CHOICES:
            raise self._reader.error(
                "Invalid number of operands for operator or function; operator or function: IN"
            )
        return choices

    def _is_call(self) -> bool:
        return self._reader.peek().kind == "word" and self._reader.peek(1).text == "("

    def _condition_call(self) -> Call:
        function = self._reader.next().text
        if function not in _OPERANDS:
            raise self._reader.error(f"Invalid function name; function: {function}")
        operands = self._arguments()
        self._check_operands(function, operands)
        return Call(function, operands)

    def _check_operands(self, function: str, operands: tuple[Operand, ...]) -> None:
        named = f"operator or function: {function}"
        if len(operands) != _OPERANDS[function]:
            raise self._reader.error(
                "Incorrect number of operands for operator or function; "
                f"{named}, number of operands: {len(operands)}"
            )
        if function in _OF_PATHS and not isinstance(operands[0], Document):
            raise self._reader.error(f"Operator or function requires a document path; {named}")
        if function == "attribute_type" and not isinstance(operands[1], Value):
            raise self._reader.error(
                f"Incorrect operand type for operator or function; {named}, operand type: "
                "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
            )
        self._refuse_same(function, operands)

    def _refuse_same(self, operator: str, operands: tuple[Operand, ...]) -> None:
        first, *others = operands
        if isinstance(first, Document) and first in others:
            raise self._reader.error(
                "The first operand must be distinct from the remaining operands for this "
                f"operator or function; operator: {operator}, first operand: {first.path}"
            )

    def _arguments(self) -> tuple[Operand, ...]:
        self._reader.expect("(")
        operands = [self._operand()]
        while self._reader.takes(","):
            operands.append(self._operand())
        self._reader.expect(")")
        return tuple(operands)

    def _operand(self) -> Operand:
        if self._reader.takes("("):
            operand = self._operand()
            self._reader.expect(")")
            return operand
        if self._is_call():
            return self._size()
        if self._reader.peek().kind == "value":
            return self._reader.value()
        return Document(self._reader.path())

    def _size(self) -> Size:
        function = self._reader.next().text
        if function not in _OPERANDS:
            raise self._reader.error(f"Invalid function name; function: {function}")
        if function != "size":
            raise self._misused(function)
        operands = self._arguments()
        self._check_operands(function, operands)
        return Size(operands[0])

    def _misused(self, function: str) -> Invalid:
        return self._reader.error(
            "The function is not allowed to be used this way in an expression; "
            f"function: {function}"
        )


class _Redundant(Invalid):
    def __init__(self, reader: Reader) -> None:
        super().__init__(f"Invalid {reader.kind}: The expression has redundant parentheses;")
