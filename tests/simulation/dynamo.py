"""DynamoDB in memory, behind the call that botocore makes.

    dynamo = SimDynamo(tables, clock=lambda: now)
    dynamo.call("GetItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}})

Tables are described as for CreateTable. Replies are the caller's own; what is stored is never
changed, so `snapshot` and `restore` of everything cost next to nothing. `stale` makes reads lag.
It raises what botocore raises: ClientError with DynamoDB's codes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.engine import Engine
from tests.simulation.pages import query, scan
from tests.simulation.reads import batch_get_item, get_item, transact_get_items
from tests.simulation.refusals import Invalid, Refusal, condition_failed
from tests.simulation.transactions import transact_write_items
from tests.simulation.writes import RETURN_VALUES, attempt, attributes_of, read_write

type Arguments = Mapping[str, Any]
type Reply = dict[str, Any]

_ALWAYS = frozenset({"ReturnConsumedCapacity", "ReturnItemCollectionMetrics"})
_EXPRESSION = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
_WRITE = _EXPRESSION | {
    "TableName",
    "ConditionExpression",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
}
_PAGE = _EXPRESSION | {
    "TableName",
    "IndexName",
    "ConsistentRead",
    "FilterExpression",
    "ProjectionExpression",
    "Select",
    "Limit",
    "ExclusiveStartKey",
}


def _single(kind: str) -> Callable[[Engine, Arguments], Reply]:
    """Return the operation that makes one write of a kind."""

    def operation(engine: Engine, arguments: Arguments) -> Reply:
        wanted = arguments.get("ReturnValues", "NONE")
        if wanted not in RETURN_VALUES[kind]:
            raise Invalid("Return values set to invalid value")
        request = read_write(kind, engine.table(arguments["TableName"]), arguments)
        made = attempt(request)
        if not made.allowed:
            engine.units.refused(made.table.schema, made.old, made.new)
            raise condition_failed(made.old.copy() if made.old and request.shows_old else None)
        engine.commit(made)
        attributes = None if wanted == "NONE" else attributes_of(wanted, request, made)
        return {"Attributes": attributes} if attributes else {}

    return operation


_OPERATIONS: Mapping[str, tuple[Callable[[Engine, Arguments], Reply], frozenset[str]]] = {
    "PutItem": (_single("Put"), _WRITE | {"Item"} | _ALWAYS),
    "UpdateItem": (_single("Update"), _WRITE | {"Key", "UpdateExpression"} | _ALWAYS),
    "DeleteItem": (_single("Delete"), _WRITE | {"Key"} | _ALWAYS),
    "GetItem": (
        get_item,
        _ALWAYS
        | {
            "TableName",
            "Key",
            "ConsistentRead",
            "ProjectionExpression",
            "ExpressionAttributeNames",
        },
    ),
    "BatchGetItem": (batch_get_item, _ALWAYS | {"RequestItems"}),
    "Query": (query, _PAGE | _ALWAYS | {"KeyConditionExpression", "ScanIndexForward"}),
    "Scan": (scan, _PAGE | _ALWAYS),
    "TransactWriteItems": (
        transact_write_items,
        _ALWAYS | {"TransactItems", "ClientRequestToken"},
    ),
    "TransactGetItems": (transact_get_items, _ALWAYS | {"TransactItems"}),
}


class SimDynamo(Engine):
    """A DynamoDB of its own."""

    def call(self, operation: str, arguments: Arguments) -> Reply:
        """Make a call as botocore does, and return its reply.

        Raises:
            ClientError: DynamoDB refuses it.
            NotImplementedError: the simulator has no such operation or argument.
        """
        make, known = _OPERATIONS.get(operation, (None, frozenset()))
        if make is None or not arguments.keys() <= known:
            unknown = sorted(arguments.keys() - known)
            raise NotImplementedError(f"{operation} with {unknown} is not simulated")
        self.units.calls[_counted(operation, arguments)] += 1
        try:
            return make(self, arguments)
        except Refusal as refusal:
            error: ClientError = refusal.error(operation)
        raise error


def _counted(operation: str, arguments: Arguments) -> str:
    table = arguments.get("TableName")
    return f"{operation} {table}" if table else operation
