"""The base of all PynamoDB models: names by stage, and writes that say why they were refused.

Three rules of the dispatch protocol live here, once for every store:

- A refused write hands back the item that refused it (`ALL_OLD`), so that a caller can find its own
  effect after a lost reply. botocore's hidden retries make a lost reply look like a refusal.
- `TransactionConflict` is contention, not a failed condition: the same write is made again.
- Whatever else goes wrong is `Unavailable`: the effect is unknown and nothing was decided.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Self

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.errors import Unavailable

_CONFLICT_TRIES = 6
_CONFLICT_PAUSE_SECONDS = 0.02
_ALL_OLD = "ALL_OLD"


class Refused(Exception):
    """The condition of a write did not hold.

    Attributes:
        old: the item that refused it, or None where there is none.
    """

    def __init__(self, old: Any = None) -> None:
        super().__init__("the condition of the write did not hold")
        self.old = old


class Cancelled(Exception):
    """A condition of a transaction did not hold.

    Attributes:
        refusals: for each write in order, whether its own condition failed.
    """

    def __init__(self, reasons: Sequence[dict[str, Any]]) -> None:
        super().__init__("a condition of the transaction did not hold")
        self.refusals = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]


class Write(NamedTuple):
    """One part of a transaction: `Put`, `Update`, `Delete`, `ConditionCheck`; and its arguments."""

    operation: str
    arguments: dict[str, Any]


class WholeNumber(NumberAttribute):
    """A number without a fraction; all numbers in tables are counts or milliseconds."""

    def serialize(self, value: Any) -> str:
        """Return the number as DynamoDB takes it."""
        return str(int(value))

    def deserialize(self, value: str) -> int:
        """Return the number that DynamoDB answered."""
        return int(value)


class TableMeta:
    """What all tables share; a store's Meta inherits it and names its table."""

    connect_timeout_seconds = 2
    read_timeout_seconds = 5
    max_retry_attempts = 3


# Owns what is of all owners, or of nobody: the stage's own.
SYSTEM = "system"


def owned(owner: str, *names: str) -> str:
    """Return a partition key; every one begins with its owner."""
    return "#".join((owner, *names))


def reading[T](rows: Iterator[T]) -> Iterator[T]:
    """Yield the rows of a query.

    Raises:
        Unavailable: DynamoDB did not answer.
    """
    try:
        yield from rows
    except PynamoDBException as error:
        raise _unavailable(error) from error


class Table(Model):
    """A table whose keys are `pk` (it begins with the owner) and `sk`."""

    pk = UnicodeAttribute(hash_key=True)

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the item that DynamoDB answered.

        PynamoDB's own walks all attributes of a model, twice; rows here have many, and most of
        them are absent.
        """
        row = cls.__new__(cls)
        known = cls.get_attributes()
        row.attribute_values = {
            name: known[name].deserialize(known[name].get_value(value))
            for name, value in data.items()
            if name in known
        }
        return row

    @classmethod
    def find(cls, pk: str, sk: Any) -> Self | None:
        """Return an item by a strongly consistent read, or None.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        try:
            return cls.get(pk, sk, consistent_read=True)
        except cls.DoesNotExist:
            return None
        except PynamoDBException as error:
            raise _unavailable(error) from error

    @classmethod
    def find_all(cls, keys: Iterable[tuple[str, Any]]) -> Iterator[Self]:
        """Yield the items of these keys that exist, by strongly consistent reads, in any order.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return reading(cls.batch_get(keys, consistent_read=True))

    @classmethod
    def page(cls, pk: str, condition: Condition | None = None, **options: Any) -> Iterator[Self]:
        """Query one partition; options are those of PynamoDB's `query`.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return reading(cls.query(pk, condition, **options))

    def put(self, condition: Condition) -> None:
        """Put this item if the condition holds.

        Raises:
            Refused: it does not; with the existing item.
            Unavailable: the effect is unknown.
        """
        self._write("PutItem", self.put_write(condition).arguments)

    @classmethod
    def change(cls, pk: str, sk: Any, actions: Sequence[Action], condition: Condition) -> Self:
        """Update an item if the condition holds, and return all of it as it is then.

        Raises:
            Refused: it does not; with the existing item.
            Unavailable: the effect is unknown.
        """
        arguments = cls.change_write(pk, sk, actions, condition).arguments
        answer = cls._write("UpdateItem", arguments | {"ReturnValues": "ALL_NEW"})
        return cls._read(answer["Attributes"])

    @classmethod
    def remove(cls, pk: str, sk: Any, condition: Condition) -> None:
        """Delete an item if the condition holds; one that does not exist is as good as deleted.

        Raises:
            Refused: it does not; with the existing item.
            Unavailable: the effect is unknown.
        """
        arguments = cls(pk, sk).get_delete_kwargs_from_instance(condition, _ALL_OLD)
        try:
            cls._write("DeleteItem", arguments)
        except Refused as refused:
            # After a lost reply the SDK's repeat finds nothing: that is the delete's own effect.
            if refused.old is not None:
                raise

    def put_write(self, condition: Condition | None) -> Write:
        """Return the put of this item, for a transaction; it is not refused without a condition."""
        arguments = self.get_save_kwargs_from_instance(condition, _ALL_OLD)
        return Write("Put", arguments)

    @classmethod
    def change_write(
        cls, pk: str, sk: Any, actions: Sequence[Action], condition: Condition
    ) -> Write:
        """Return the update of an item, for a transaction."""
        hash_key, range_key = cls._serialize_keys(pk, sk)
        arguments = cls._get_connection().get_operation_kwargs(
            hash_key,
            range_key=range_key,
            key="Key",
            actions=list(actions),
            condition=condition,
            return_values_on_condition_failure=_ALL_OLD,
        )
        return Write("Update", arguments)

    @classmethod
    def remove_write(cls, pk: str, sk: Any, condition: Condition | None = None) -> Write:
        """Return the delete of an item, for a transaction; without a condition, of none, too."""
        return Write("Delete", cls._keyed(pk, sk, condition))

    @classmethod
    def check_write(cls, pk: str, sk: Any, condition: Condition) -> Write:
        """Return a condition on an item that a transaction does not write."""
        return Write("ConditionCheck", cls._keyed(pk, sk, condition))

    @classmethod
    def _keyed(cls, pk: str, sk: Any, condition: Condition | None) -> dict[str, Any]:
        hash_key, range_key = cls._serialize_keys(pk, sk)
        arguments: dict[str, Any] = cls._get_connection().get_operation_kwargs(
            hash_key, range_key=range_key, key="Key", condition=condition
        )
        return arguments

    @classmethod
    def transact(cls, *writes: Write) -> None:
        """Make all the writes or none, in this or other tables.

        Raises:
            Cancelled: a condition does not hold; says which.
            Unavailable: the effect is unknown.
        """
        items = [{write.operation: write.arguments} for write in writes]
        try:
            cls._send("TransactWriteItems", {"TransactItems": items})
        except ClientError as error:
            raise _unavailable(error) from error

    @classmethod
    def _write(cls, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return cls._send(operation, arguments)
        except ClientError as error:
            if _code(error) != "ConditionalCheckFailedException":
                raise _unavailable(error) from error
            old = getattr(error.__cause__, "response", {}).get("Item")
            raise Refused(cls._read(old) if old else None) from error

    @classmethod
    def _send(cls, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        connection = cls._get_connection().connection
        for attempt in range(1, _CONFLICT_TRIES + 1):
            try:
                answer: dict[str, Any] = connection.dispatch(operation, dict(arguments))
            except BotoCoreError as error:
                raise _unavailable(error) from error
            except ClientError as error:
                _raise_unless_conflict(error, last=attempt == _CONFLICT_TRIES)
                time.sleep(_CONFLICT_PAUSE_SECONDS * attempt)
            else:
                return answer
        raise Unavailable

    @classmethod
    def _read(cls, item: dict[str, Any]) -> Self:
        return cls.from_raw_data(item)


def _raise_unless_conflict(error: ClientError, *, last: bool) -> None:
    """Return where the same write may simply be made again."""
    code = _code(error)
    if code == "TransactionCanceledException":
        reasons = getattr(error.__cause__, "response", {}).get("CancellationReasons", [])
        codes = {reason.get("Code") for reason in reasons}
        if "ConditionalCheckFailed" in codes:
            raise Cancelled(reasons) from error
        if "TransactionConflict" in codes and not last:
            return
    if code == "TransactionConflictException" and not last:
        return
    raise error


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _unavailable(error: Exception) -> Unavailable:
    cause = error.__cause__ or error
    return Unavailable(f"DynamoDB did not answer: {type(cause).__name__}", fix="try again")
