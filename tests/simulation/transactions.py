"""Transactions of writes: all or none."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.simulation.engine import Engine, Made
from tests.simulation.refusals import CONDITION_FAILED, Invalid, Refusal
from tests.simulation.units import TRANSACTIONAL
from tests.simulation.writes import Attempt, Request, attempt, read_write

type Arguments = Mapping[str, Any]
type Reason = dict[str, Any]

_MOST_WRITES = 100
_REMEMBERED = timedelta(minutes=10)
_FACTOR = 2


def transact_write_items(engine: Engine, arguments: Arguments) -> dict[str, Any]:
    """Make all the writes or none; once for each token, within ten minutes."""
    items: Sequence[Mapping[str, Arguments]] = arguments["TransactItems"]
    if not 0 < len(items) <= _MOST_WRITES:
        raise Invalid("Member must have length greater than or equal to 1, and at most 100")
    token = arguments.get("ClientRequestToken")
    requests = [_request(engine, item) for item in items]
    if token is not None and _was_made(engine, token, requests):
        for request in requests:
            engine.units.read(request.table.schema.name, 0, TRANSACTIONAL)
        return {}
    _refuse_duplicates(requests)
    attempts = [_attempt(request) for request in requests]
    reasons = [_reason(*pair) for pair in zip(requests, attempts, strict=True)]
    if any(reason["Code"] != "None" for reason in reasons):
        _cancel(engine, attempts, reasons)
    for made in attempts:
        if isinstance(made, Attempt):
            engine.commit(made, _FACTOR)
    if token is not None:
        engine.remember(token, Made(engine.clock(), requests))
    return {}


def _request(engine: Engine, item: Mapping[str, Arguments]) -> Request:
    if len(item) != 1:
        raise Invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    ((kind, arguments),) = item.items()
    if kind == "Update" and "UpdateExpression" not in arguments:
        raise Invalid("The expression can not be empty;")
    if kind == "ConditionCheck" and "ConditionExpression" not in arguments:
        raise Invalid("The expression can not be empty;")
    return read_write(kind, engine.table(arguments["TableName"]), arguments)


def _was_made(engine: Engine, token: str, asked: list[Request]) -> bool:
    made = engine.transactions.get(token)
    if made is None or engine.clock() - made.at > _REMEMBERED:
        return False
    if made.asked != asked:
        raise Refusal(
            "IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request",
        )
    return True


def _attempt(request: Request) -> Attempt | Invalid:
    try:
        return attempt(request)
    except Invalid as refusal:
        return refusal


def _refuse_duplicates(requests: Sequence[Request]) -> None:
    if len({_identity(request) for request in requests}) != len(requests):
        raise Invalid("Transaction request cannot include multiple operations on one item")


def _identity(request: Request) -> tuple[str, object]:
    schema = request.table.schema
    try:
        return schema.name, schema.key({name: request.item[name] for name in schema.key_names})
    except (Invalid, KeyError):
        # It is refused for its key, and like no other.
        return schema.name, object()


def _reason(request: Request, made: Attempt | Invalid) -> Reason:
    if isinstance(made, Invalid):
        return {"Code": "ValidationError", "Message": made.message}
    if made.allowed:
        return {"Code": "None"}
    reason: Reason = {"Code": "ConditionalCheckFailed", "Message": CONDITION_FAILED}
    if made.old and request.shows_old:
        reason["Item"] = made.old.copy()
    return reason


def _cancel(
    engine: Engine, attempts: Sequence[Attempt | Invalid], reasons: Sequence[Reason]
) -> None:
    for made in attempts:
        if isinstance(made, Attempt):
            engine.units.refused(made.table.schema, made.old, made.new, _FACTOR)
    codes = ", ".join(reason["Code"] for reason in reasons)
    raise Refusal(
        "TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        {"CancellationReasons": list(reasons)},
    )
