"""The same calls on the simulator and on another DynamoDB, and what differs."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tests.simulation.attributes import Item, accept_item
from tests.simulation.dynamo import SimDynamo
from tests.simulation.generation import TABLES, Generator

type Call = Callable[[str, dict[str, Any]], dict[str, Any]]
type Arguments = dict[str, Any]

_CALLS = 40
_STATE_EVERY = 10
_MOST_PAGES = 60
_EXTRAS = {"ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics"}
_REASONS = {"None", "ConditionalCheckFailed", "ValidationError"}


class Outcome(NamedTuple):
    """What became of a call, in a form that can be compared.

    Attributes:
        error: the code of the error; of the caller's own exception, its name behind a `!`.
        reasons: the codes of a cancelled transaction.
        reply: what was returned, or the items that an error hands back.
    """

    error: str = ""
    reasons: tuple[str, ...] = ()
    reply: Any = None

    @property
    def died(self) -> bool:
        """Return whether it is no answer of a DynamoDB: a Python exception came out."""
        return self.error.startswith("!") or not _REASONS.issuperset(self.reasons)


class Case(NamedTuple):
    """A call that came out differently."""

    operation: str
    arguments: Arguments
    ours: Outcome
    theirs: Outcome


type Excuse = Callable[[Case], bool]


def outcome(call: Call, operation: str, arguments: Arguments, *, all_pages: bool = True) -> Outcome:
    """Make a call, all pages of it, and return what became of it."""
    try:
        if all_pages and operation in {"Query", "Scan"}:
            return Outcome(reply=_all_pages(call, operation, arguments))
        return Outcome(reply=_comparable(call(operation, arguments)))
    except ClientError as error:
        return _refused(error.response)
    except NotImplementedError:
        raise
    except Exception as error:  # noqa: BLE001 - an emulator may die of anything
        return Outcome(error=f"!{type(error).__name__}")


def _refused(response: Mapping[str, Any]) -> Outcome:
    reasons = response.get("CancellationReasons", ())
    items = [_item(reason["Item"]) for reason in reasons if "Item" in reason]
    if response.get("Item"):
        items.append(_item(response["Item"]))
    codes = tuple(reason["Code"] for reason in reasons)
    return Outcome(response["Error"]["Code"], codes, items)


def _all_pages(call: Call, operation: str, arguments: Arguments) -> Any:
    items: list[str] = []
    scanned = 0
    start: Arguments = {}
    for _ in range(_MOST_PAGES):
        reply = call(operation, arguments | start)
        scanned += reply["ScannedCount"]
        items += map(_item, reply["Items"])
        if "LastEvaluatedKey" not in reply:
            # Which of two equal index keys comes first is nobody's promise.
            return scanned, sorted(items), _order(arguments, items)
        start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}
    raise EndlessPagesError


class EndlessPagesError(Exception):
    """Pages go on and on."""


def _order(arguments: Arguments, items: list[str]) -> list[str]:
    unordered = "KeyConditionExpression" not in arguments or "IndexName" in arguments
    return [] if unordered else items


def _item(item: Item) -> str:
    return repr(sorted(accept_item(item).items()))


def _comparable(reply: Mapping[str, Any]) -> Any:
    shown = {name: value for name, value in reply.items() if name not in _EXTRAS and value}
    for name in ("Item", "Attributes", "LastEvaluatedKey"):
        if name in shown:
            shown[name] = accept_item(shown[name])
    if "Items" in shown:
        shown["Items"] = [accept_item(item) for item in shown["Items"]]
    if "Responses" in shown:
        shown["Responses"] = _answers(shown["Responses"])
    return shown


def _answers(answers: Any) -> Any:
    if isinstance(answers, list):
        return [accept_item(answer.get("Item", {})) for answer in answers]
    return {name: sorted(map(_item, rows)) for name, rows in answers.items()}


def contents(call: Call) -> dict[str, dict[str, Item]]:
    """Return all items of the tables, by table and key."""
    found: dict[str, dict[str, Item]] = {}
    for table in TABLES:
        rows = call("Scan", {"TableName": table["TableName"]})["Items"]
        accepted = [accept_item(row) for row in rows]
        found[table["TableName"]] = {repr((row["pk"], row["sk"])): row for row in accepted}
    return found


def make_equal(ours: Call, theirs: Call) -> None:
    """Bring the others' tables to the contents of ours."""
    mine, yours = contents(ours), contents(theirs)
    for table, rows in yours.items():
        for key, row in rows.items():
            if key not in mine[table]:
                theirs(
                    "DeleteItem",
                    {"TableName": table, "Key": {name: row[name] for name in ("pk", "sk")}},
                )
        for key, row in mine[table].items():
            if rows.get(key) != row:
                theirs("PutItem", {"TableName": table, "Item": row})


class Comparison:
    """Sequences of random calls on both, side by side.

    Attributes:
        calls: how many calls were made.
        excused: how many came out differently for each known error of the other.
        unexplained: the first call of each sequence that came out differently for none.
    """

    def __init__(self, theirs: Call, excuses: Mapping[str, Excuse]) -> None:
        self._theirs = theirs
        self._excuses = excuses
        self.calls = 0
        self.excused: Counter[str] = Counter()
        self.unexplained: list[tuple[int, Case]] = []

    def run(self, seed: int) -> None:
        """Make the calls of one sequence."""
        ours = SimDynamo(TABLES).call
        make_equal(ours, self._theirs)
        generator = Generator(Random(seed))
        for number in range(1, _CALLS + 1):
            case = self._both(ours, *generator.call())
            if case.ours == case.theirs:
                if number % _STATE_EVERY == 0 and contents(ours) != contents(self._theirs):
                    self.unexplained.append((seed, case))
                    return
            elif not self._is_excused(case) or self._left_different(ours, case):
                self.unexplained.append((seed, case))
                return
            else:
                make_equal(ours, self._theirs)

    def _left_different(self, ours: Call, case: Case) -> bool:
        """Return whether both made a write, and not the same one."""
        made = not case.ours.error and not case.theirs.error
        return made and contents(ours) != contents(self._theirs)

    def _both(self, ours: Call, operation: str, arguments: Arguments) -> Case:
        self.calls += 1
        return Case(
            operation,
            arguments,
            outcome(ours, operation, arguments),
            outcome(self._theirs, operation, arguments),
        )

    def _is_excused(self, case: Case) -> bool:
        for name, excuse in self._excuses.items():
            if excuse(case):
                self.excused[name] += 1
                return True
        return False
