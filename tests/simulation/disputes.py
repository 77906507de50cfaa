"""Where moto is known to be wrong: each error with a call that shows it.

What is right is what DynamoDB's documentation says, and for absent attributes and the operands of
conditions what the authors of other implementations measured; none of it was measured on AWS here.
MiniStack is the second opinion: it is right wherever it is not said to be wrong, too.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.simulation.attributes import Attribute, Item
from tests.simulation.differential import Call, Case, Outcome, outcome
from tests.simulation.generation import TABLE

type Arguments = dict[str, Any]

KEY: Item = {"pk": {"S": "a"}, "sk": {"S": "1"}}
NEW_KEY: Item = {"pk": {"S": "a"}, "sk": {"S": "new"}}
ITEM: Item = KEY | {
    "s": {"S": "x"},
    "n": {"N": "1"},
    "l": {"L": [{"N": "1"}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"N": "1"}}},
}
_VALUES: Item = {
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":x": {"S": "x"},
    ":null": {"NULL": True},
}
_REFUSED = Outcome("ConditionalCheckFailedException", reply=[])
_INVALID = Outcome("ValidationException", reply=[])
_DONE = Outcome(reply={})


def _cancelled(reason: str) -> Outcome:
    return Outcome("TransactionCanceledException", (reason,), [])


def _never(_: Case) -> bool:
    return False


class Dispute(NamedTuple):
    """An error of moto.

    Attributes:
        operation: a call that shows it, where the table holds `ITEM` alone.
        right: what becomes of the call.
        moto: what becomes of it on moto.
        ministack: what becomes of it on MiniStack, where that is wrong too; None: it is right.
        excuse: whether a case of the comparison is this error.
    """

    operation: str
    arguments: Arguments
    right: Outcome
    moto: Outcome
    ministack: Outcome | None = None
    excuse: Callable[[Case], bool] = _never


def shown(call: Call, dispute: Dispute) -> Outcome:
    """Return what becomes of a dispute's call; the table must be empty."""
    call("PutItem", {"TableName": TABLE, "Item": ITEM})
    return outcome(call, dispute.operation, dispute.arguments, all_pages=False)


def _with_values(arguments: Arguments, text: str) -> Arguments:
    used = {name: value for name, value in _VALUES.items() if name in text}
    return arguments | ({"ExpressionAttributeValues": used} if used else {})


def _put_if(condition: str) -> tuple[str, Arguments]:
    arguments = {"TableName": TABLE, "Item": ITEM, "ConditionExpression": condition}
    return "PutItem", _with_values(arguments, condition)


def _update(key: Item, expression: str, **more: str) -> tuple[str, Arguments]:
    arguments = {"TableName": TABLE, "Key": key, "UpdateExpression": expression, **more}
    return "UpdateItem", _with_values(arguments, expression)


def _alone(operation: str, arguments: Arguments) -> tuple[str, Arguments]:
    """Return the same write as a transaction of its own."""
    item = {operation.removesuffix("Item"): arguments}
    return "TransactWriteItems", {"TransactItems": [item]}


def _died(case: Case) -> bool:
    return case.theirs.error.startswith("!")


def _died_in_transaction(case: Case) -> bool:
    return case.theirs.died


def _is_late(case: Case) -> bool:
    return "ValidationError" in case.ours.reasons and case.theirs.error == "ValidationException"


def _lost_projection(case: Case) -> bool:
    return (
        case.operation in {"GetItem", "BatchGetItem"}
        and "[" in str(case.arguments)
        and not case.ours.error
        and case.theirs.error == "ValidationException"
    )


def _is_view(case: Case) -> bool:
    wanted = case.arguments.get("ReturnValues", "")
    return wanted.startswith("UPDATED") and not case.ours.error and not case.theirs.error


_LAST: Arguments = {"Count": 1, "ScannedCount": 1, "Items": [ITEM]}
_BY_KEY = {"TableName": TABLE, "KeyConditionExpression": "pk = :a", "Limit": 1}
_OF_A = {"ExpressionAttributeValues": {":a": {"S": "a"}}}
_LONGER: Attribute = {"L": [{"N": "1"}, {"S": "x"}]}

MOTO_ERRORS: Mapping[str, Dispute] = {
    "the size of an absent attribute kills it": Dispute(
        *_put_if("size(absent) > :one"), _REFUSED, Outcome("!ValueError"), excuse=_died
    ),
    "an order between values of two types kills it": Dispute(
        *_put_if("s < :one"), _REFUSED, Outcome("!TypeError")
    ),
    "what kills it in a transaction is the reason's code": Dispute(
        *_alone(*_put_if("size(absent) > :one")),
        _cancelled("ConditionalCheckFailed"),
        _cancelled("ValueError"),
        excuse=_died_in_transaction,
    ),
    "an update that does not fit its item refuses the transaction, not cancels it": Dispute(
        *_alone(*_update(KEY, "SET absent.x = :one")),
        _cancelled("ValidationError"),
        _INVALID,
        excuse=_is_late,
    ),
    "a projection of an element by the alias of an absent list is refused": Dispute(
        "GetItem",
        {
            "TableName": TABLE,
            "Key": KEY,
            "ProjectionExpression": "s, #absent[0]",
            "ExpressionAttributeNames": {"#absent": "absent"},
        },
        Outcome(reply={"Item": {"s": {"S": "x"}}}),
        _INVALID,
        excuse=_lost_projection,
    ),
    "what was updated in a new item is shown with its key": Dispute(
        *_update(NEW_KEY, "SET n = :two", ReturnValues="UPDATED_NEW"),
        Outcome(reply={"Attributes": {"n": {"N": "2"}}}),
        Outcome(reply={"Attributes": NEW_KEY | {"n": {"N": "2"}}}),
        excuse=_is_view,
    ),
    "what was removed from a map is shown with the rest of the map": Dispute(
        *_update(KEY, "REMOVE m.x", ReturnValues="UPDATED_OLD"),
        Outcome(reply={"Attributes": {"m": {"M": {"x": {"N": "1"}}}}}),
        Outcome(reply={"Attributes": {"m": ITEM["m"]}}),
    ),
    "a page that its limit fills has no last key at the end": Dispute(
        "Query",
        _BY_KEY | _OF_A,
        Outcome(reply=_LAST | {"LastEvaluatedKey": KEY}),
        Outcome(reply=_LAST),
    ),
    "null equals an absent attribute": Dispute(*_put_if("absent = :null"), _REFUSED, _DONE),
    "an absent attribute equals another": Dispute(
        *_put_if("absent = another"), _REFUSED, _DONE, ministack=_DONE
    ),
    "an absent attribute does not differ from another": Dispute(
        *_put_if("absent <> another"), _DONE, _REFUSED, ministack=_REFUSED
    ),
    "an absent attribute is among absent ones": Dispute(
        *_put_if("absent IN (:one, another)"), _REFUSED, _DONE, ministack=_DONE
    ),
    "bounds may be the wrong way round": Dispute(
        *_put_if("n BETWEEN :two AND :one"), _INVALID, _REFUSED
    ),
    "an order of values without one is refused as a condition": Dispute(
        *_put_if("n < :null"), _INVALID, _REFUSED, ministack=_REFUSED
    ),
    "an attribute may be compared with itself": Dispute(
        *_put_if("n = n"), _INVALID, _DONE, ministack=_DONE
    ),
    "a type that does not exist may be asked for": Dispute(
        *_put_if("attribute_type(n, :x)"), _INVALID, _REFUSED, ministack=_REFUSED
    ),
    "a value that nothing uses is taken": Dispute(
        "PutItem",
        {"TableName": TABLE, "Item": ITEM, "ConditionExpression": "attribute_exists(pk)"} | _OF_A,
        _INVALID,
        _DONE,
    ),
    "a transaction may give an index key another type": Dispute(
        *_alone("PutItem", {"TableName": TABLE, "Item": KEY | {"wake": {"S": "x"}}}),
        _cancelled("ValidationError"),
        _DONE,
    ),
    "a copy of a list follows the list": Dispute(
        *_update(KEY, "SET l[5] = :x, nil = l", ReturnValues="ALL_NEW"),
        Outcome(reply={"Attributes": ITEM | {"l": _LONGER, "nil": ITEM["l"]}}),
        Outcome(reply={"Attributes": ITEM | {"l": _LONGER, "nil": _LONGER}}),
    ),
}
