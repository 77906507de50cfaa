from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.dynamo import SimDynamo
from tests.simulation.generation import PLAIN, TABLE, TABLES

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
type Item = dict[str, Any]


class Clock:
    instant = START

    def __call__(self) -> datetime:
        return self.instant

    def move(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamo(clock: Clock) -> SimDynamo:
    return SimDynamo(TABLES, clock)


def key(sk: str = "1", pk: str = "a") -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(dynamo: SimDynamo, sk: str = "1", pk: str = "a", **attributes: Item) -> None:
    dynamo.call("PutItem", {"TableName": TABLE, "Item": key(sk, pk) | attributes})


def get(dynamo: SimDynamo, sk: str = "1", **options: Any) -> Item | None:
    arguments = {"TableName": TABLE, "Key": key(sk), "ConsistentRead": True}
    found: Item | None = dynamo.call("GetItem", arguments | options).get("Item")
    return found


def update(dynamo: SimDynamo, expression: str, sk: str = "1", **options: Any) -> Item:
    arguments = {"TableName": TABLE, "Key": key(sk), "UpdateExpression": expression}
    return dynamo.call("UpdateItem", arguments | options)


def query(dynamo: SimDynamo, condition: str = "pk = :pk", **options: Any) -> Item:
    values = {":pk": {"S": "a"}} | options.pop("values", {})
    arguments = {
        "TableName": TABLE,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": values,
        "ConsistentRead": "IndexName" not in options,
    }
    return dynamo.call("Query", arguments | options)


def by_lane(dynamo: SimDynamo, index: str, condition: str = "lane = :pk", **options: Any) -> Item:
    return query(dynamo, condition, IndexName=index, **options)


def keys(items: Iterable[Item]) -> list[str]:
    return [item["sk"]["S"] for item in items]


def refusal(dynamo: SimDynamo, operation: str, arguments: Item) -> Item:
    with pytest.raises(ClientError) as refused:
        dynamo.call(operation, arguments)
    response: Item = refused.value.response
    return response


def refusal_code(dynamo: SimDynamo, operation: str, arguments: Item) -> str:
    return str(refusal(dynamo, operation, arguments)["Error"]["Code"])


def n(value: float) -> Item:
    return {"N": str(value)}


def s(value: str) -> Item:
    return {"S": value}


def test_what_is_put_is_found(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1))

    assert get(dynamo) == key() | {"n": n(1)}
    assert get(dynamo, sk="2") is None


def test_a_put_replaces_the_whole_item(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1))
    put(dynamo, s=s("x"))

    assert get(dynamo) == key() | {"s": s("x")}


def test_numbers_are_kept_without_idle_zeros(dynamo: SimDynamo) -> None:
    put(dynamo, n={"N": "1.50"}, ns={"NS": ["10", "9.0"]}, zero={"N": "-0.0"}, big={"N": "1E+3"})

    assert get(dynamo) == key() | {
        "n": n(1.5),
        "ns": {"NS": ["9", "10"]},
        "zero": n(0),
        "big": n(1000),
    }


def test_neither_arguments_nor_replies_reach_what_is_stored(dynamo: SimDynamo) -> None:
    given = {"M": {"x": {"L": [n(1)]}}}
    put(dynamo, m=given)
    given["M"]["x"]["L"].append(n(2))
    reply = get(dynamo)
    assert reply
    reply["m"]["M"]["x"]["L"].append(n(3))
    flat = update(dynamo, "SET n = :n REMOVE m", ReturnValues="ALL_NEW", **values(n=n(1)))
    flat["Attributes"]["n"]["N"] = "2"

    assert get(dynamo) == key() | {"n": n(1)}


def values(**given: Item) -> Item:
    return {"ExpressionAttributeValues": {f":{name}": value for name, value in given.items()}}


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"pk": s("a")},
        {"pk": n(1), "sk": s("1")},
        {"pk": s(""), "sk": s("1")},
        {"pk": s("a"), "sk": s("")},
        {"pk": s("a" * 2049), "sk": s("1")},
        {"pk": s("a"), "sk": s("a" * 1025)},
        key() | {"lane": n(1)},
        key() | {"lane": s("")},
        key() | {"wake": s("1")},
        key() | {"n": {}},
        key() | {"n": {"N": 1}},
        key() | {"n": {"N": "1", "S": "1"}},
        key() | {"x": {"X": "1"}},
        key() | {"ss": {"SS": []}},
        key() | {"ss": {"SS": ["a", "a"]}},
        key() | {"ns": {"NS": ["1", "1.0"]}},
        key() | {"nil": {"NULL": False}},
        key() | {"flag": {"BOOL": "true"}},
        key() | {"b": {"B": "text"}},
        key() | {"s": s("x" * 400 * 1024)},
    ],
)
def test_an_item_that_does_not_fit_is_refused(dynamo: SimDynamo, item: Item) -> None:
    arguments = {"TableName": TABLE, "Item": item}

    assert refusal_code(dynamo, "PutItem", arguments) == "ValidationException"
    assert dynamo.seq == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"pk": s("a")},
        {"pk": s("a"), "sk": n(1)},
        {"pk": s(""), "sk": s("1")},
        key() | {"n": n(1)},
    ],
)
@pytest.mark.parametrize("operation", ["GetItem", "DeleteItem", "UpdateItem"])
def test_what_is_no_key_is_refused(dynamo: SimDynamo, operation: str, wrong: Item) -> None:
    arguments = {"TableName": TABLE, "Key": wrong}

    assert refusal_code(dynamo, operation, arguments) == "ValidationException"


@pytest.mark.parametrize(
    "expression",
    ["SET sk = :x", "REMOVE pk", "SET wake = :x", "SET lane = :empty", "SET s = :long"],
)
def test_an_update_that_breaks_keys_or_size_is_refused(dynamo: SimDynamo, expression: str) -> None:
    put(dynamo, s=s("x" * 300 * 1024))
    given = {"x": s("2"), "empty": s(""), "long": s("x" * 410 * 1024)}
    used = {name: value for name, value in given.items() if f":{name}" in expression}
    arguments = {"TableName": TABLE, "Key": key(), "UpdateExpression": expression}
    arguments |= values(**used) if used else {}

    assert refusal_code(dynamo, "UpdateItem", arguments) == "ValidationException"


def test_a_table_that_does_not_exist_is_not_found(dynamo: SimDynamo) -> None:
    arguments = {"TableName": "nowhere", "Key": key()}

    assert refusal_code(dynamo, "GetItem", arguments) == "ResourceNotFoundException"


def test_what_is_not_simulated_is_said_so(dynamo: SimDynamo) -> None:
    with pytest.raises(NotImplementedError):
        dynamo.call("ListTables", {})
    with pytest.raises(NotImplementedError):
        dynamo.call("GetItem", {"TableName": TABLE, "Key": key(), "AttributesToGet": ["n"]})


def test_a_refused_write_hands_back_the_item_only_where_it_is_asked(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1))
    arguments = {
        "TableName": TABLE,
        "Item": key(),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    asking = arguments | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

    assert "Item" not in refusal(dynamo, "PutItem", arguments)
    response = refusal(dynamo, "PutItem", asking)
    assert response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert response["Item"] == key() | {"n": n(1)}


@pytest.mark.parametrize(
    ("wanted", "attributes"),
    [
        ("NONE", None),
        ("ALL_OLD", key() | {"n": n(1), "m": {"M": {"x": n(1), "y": n(2)}}}),
        ("ALL_NEW", key() | {"n": n(2), "m": {"M": {"x": n(2), "y": n(2)}}, "z": n(2)}),
        ("UPDATED_OLD", {"n": n(1), "m": {"M": {"x": n(1)}}}),
        ("UPDATED_NEW", {"n": n(2), "m": {"M": {"x": n(2)}}, "z": n(2)}),
    ],
)
def test_an_update_returns_what_is_asked(
    dynamo: SimDynamo, wanted: str, attributes: Item | None
) -> None:
    put(dynamo, n=n(1), m={"M": {"x": n(1), "y": n(2)}})

    reply = update(
        dynamo, "SET n = :two, m.x = :two, z = :two", ReturnValues=wanted, **values(two=n(2))
    )

    assert reply.get("Attributes") == attributes


def test_puts_and_deletes_return_the_old_item(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1))
    arguments: Item = {"TableName": TABLE, "ReturnValues": "ALL_OLD"}

    assert dynamo.call("PutItem", arguments | {"Item": key()})["Attributes"]["n"] == n(1)
    assert dynamo.call("DeleteItem", arguments | {"Key": key()}) == {"Attributes": key()}
    assert dynamo.call("DeleteItem", arguments | {"Key": key()}) == {}
    arguments |= {"Key": key(), "ReturnValues": "ALL_NEW"}
    assert refusal_code(dynamo, "DeleteItem", arguments) == "ValidationException"


def test_an_update_makes_the_item_that_does_not_exist(dynamo: SimDynamo) -> None:
    update(dynamo, "ADD n :one", **values(one=n(1)))
    update(dynamo, "REMOVE n", sk="2")

    assert get(dynamo) == key() | {"n": n(1)}
    assert get(dynamo, sk="2") == key("2")


def test_a_query_returns_a_partition_in_order_of_its_range_key(dynamo: SimDynamo) -> None:
    for sk in ("b", "a", "ab", "é", "~"):
        put(dynamo, sk)
    put(dynamo, "a", pk="other")

    assert keys(query(dynamo)["Items"]) == ["a", "ab", "b", "~", "é"]
    assert keys(query(dynamo, ScanIndexForward=False)["Items"]) == ["é", "~", "b", "ab", "a"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("sk = :x", ["b"]),
        ("sk < :x", ["a", "ab"]),
        ("sk <= :x", ["a", "ab", "b"]),
        ("sk > :x", ["ba"]),
        ("sk >= :x", ["b", "ba"]),
        ("sk BETWEEN :x AND :y", ["b", "ba"]),
        ("begins_with(sk, :x)", ["b", "ba"]),
    ],
)
def test_a_query_takes_a_range(dynamo: SimDynamo, condition: str, found: list[str]) -> None:
    for sk in ("a", "ab", "b", "ba"):
        put(dynamo, sk)
    bounds = {":x": s("b")} | ({":y": s("c")} if ":y" in condition else {})

    assert keys(query(dynamo, f"pk = :pk AND {condition}", values=bounds)["Items"]) == found


def test_numbers_are_ordered_as_numbers(dynamo: SimDynamo) -> None:
    for number in ("10", "9", "-1", "2.5"):
        dynamo.call("PutItem", {"TableName": PLAIN, "Item": {"pk": s("a"), "sk": {"N": number}}})

    reply = query(dynamo, "pk = :pk AND sk >= :x", TableName=PLAIN, values={":x": n(2)})

    assert [item["sk"]["N"] for item in reply["Items"]] == ["2.5", "9", "10"]


def pages(dynamo: SimDynamo, operation: str, arguments: Item) -> Iterator[Item]:
    start: Item = {}
    while True:
        reply = dynamo.call(operation, arguments | start)
        yield reply
        if "LastEvaluatedKey" not in reply:
            return
        start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("index", [None, "keys", "all"])
def test_pages_join_to_the_whole(dynamo: SimDynamo, index: str | None, *, forward: bool) -> None:
    for number in range(7):
        put(dynamo, f"{number}", lane=s("a"), wake=n(number // 3))
    arguments: Item = {
        "TableName": TABLE,
        "KeyConditionExpression": f"{'lane' if index else 'pk'} = :pk",
        "ExpressionAttributeValues": {":pk": s("a")},
        "ScanIndexForward": forward,
        "Limit": 2,
    } | ({"IndexName": index} if index else {})
    read = [keys(page["Items"]) for page in pages(dynamo, "Query", arguments)]

    whole = [f"{number}" for number in range(7)]
    assert [*chain(*read)] == (whole if forward else whole[::-1])
    assert [len(page) for page in read] == [2, 2, 2, 1]


def test_a_page_that_its_limit_fills_has_a_last_key_even_at_the_end(dynamo: SimDynamo) -> None:
    put(dynamo)

    first = query(dynamo, Limit=1)
    second = query(dynamo, Limit=1, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert first["LastEvaluatedKey"] == key()
    assert (second["Items"], "LastEvaluatedKey" in second) == ([], False)


def test_a_page_ends_at_a_megabyte(dynamo: SimDynamo) -> None:
    for number in range(5):
        put(dynamo, f"{number}", s=s("x" * 300 * 1024))

    assert [len(page["Items"]) for page in pages(dynamo, "Scan", {"TableName": TABLE})] == [4, 1]


def test_a_filter_is_applied_after_the_limit(dynamo: SimDynamo) -> None:
    for number in range(4):
        put(dynamo, f"{number}", n=n(number))

    reply = query(dynamo, FilterExpression="n > :x", Limit=3, values={":x": n(1)})

    assert (keys(reply["Items"]), reply["Count"], reply["ScannedCount"]) == (["2"], 1, 3)


def test_a_query_can_count_alone(dynamo: SimDynamo) -> None:
    put(dynamo)

    assert query(dynamo, Select="COUNT") == {"Count": 1, "ScannedCount": 1}


def test_an_item_without_an_index_key_is_not_in_the_index(dynamo: SimDynamo) -> None:
    put(dynamo, "1", lane=s("a"), wake=n(1))
    put(dynamo, "2", lane=s("a"))
    put(dynamo, "3")

    assert keys(by_lane(dynamo, "keys")["Items"]) == ["1"]
    assert keys(by_lane(dynamo, "all")["Items"]) == ["1", "2"]

    update(dynamo, "REMOVE wake")
    assert by_lane(dynamo, "keys")["Items"] == []


def test_an_index_follows_its_keys(dynamo: SimDynamo) -> None:
    put(dynamo, "1", lane=s("a"), wake=n(1))
    put(dynamo, "2", lane=s("a"), wake=n(2))

    update(dynamo, "SET wake = :late", **values(late=n(3)))
    assert keys(by_lane(dynamo, "keys")["Items"]) == ["2", "1"]

    update(dynamo, "SET lane = :b", **values(b=s("b")))
    assert keys(by_lane(dynamo, "keys")["Items"]) == ["2"]

    dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key("2")})
    assert by_lane(dynamo, "keys")["Items"] == []


def test_an_index_shows_what_it_projects(dynamo: SimDynamo) -> None:
    put(dynamo, lane=s("a"), wake=n(1), n=n(2), m={"M": {}})
    indexed = key() | {"wake": n(1)}

    assert by_lane(dynamo, "keys")["Items"] == [indexed | {"lane": s("a")}]
    assert query(dynamo, IndexName="some", ConsistentRead=False)["Items"] == [indexed | {"n": n(2)}]
    assert by_lane(dynamo, "all")["Items"] == [get(dynamo)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"KeyConditionExpression": "sk = :pk"},
        {"KeyConditionExpression": "pk > :pk"},
        {"KeyConditionExpression": "pk = :pk OR sk = :pk"},
        {"KeyConditionExpression": "pk = :pk AND sk <> :pk"},
        {"KeyConditionExpression": "pk = :pk AND n = :pk"},
        {"KeyConditionExpression": "pk = :pk AND sk > :pk AND sk < :pk"},
        {"KeyConditionExpression": "pk = sk AND sk = :pk"},
        {"ExpressionAttributeValues": {":pk": n(1)}},
        {"FilterExpression": "sk = :pk"},
        {"IndexName": "absent"},
        {"IndexName": "some", "ConsistentRead": True},
        {"IndexName": "some", "ProjectionExpression": "ss"},
        {"IndexName": "some", "Select": "ALL_ATTRIBUTES"},
        {"Limit": 0},
        {"ExclusiveStartKey": {"pk": s("a")}},
        {"ExclusiveStartKey": key(pk="b")},
        {"Select": "COUNT", "ProjectionExpression": "n"},
    ],
)
def test_what_is_no_query_is_refused(dynamo: SimDynamo, wrong: Item) -> None:
    arguments = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": s("a")},
    }
    assert dynamo.call("Query", arguments)

    assert refusal_code(dynamo, "Query", arguments | wrong) == "ValidationException"


@pytest.mark.parametrize("index", [None, "keys"])
def test_a_scan_reads_everything_once(dynamo: SimDynamo, index: str | None) -> None:
    for pk in ("a", "b", "c"):
        for sk in ("1", "2"):
            put(dynamo, sk, pk, lane=s(pk), wake=n(1))
    arguments: Item = {"TableName": TABLE, "Limit": 4} | ({"IndexName": index} if index else {})

    read = [
        (i["pk"]["S"], i["sk"]["S"]) for p in pages(dynamo, "Scan", arguments) for i in p["Items"]
    ]

    assert sorted(read) == [(pk, sk) for pk in "abc" for sk in "12"]


def test_many_items_are_read_at_once(dynamo: SimDynamo) -> None:
    put(dynamo, "1", n=n(1))
    put(dynamo, "2", n=n(2))
    request = {"Keys": [key("2"), key("1"), key("3")], "ProjectionExpression": "n"}

    reply = dynamo.call("BatchGetItem", {"RequestItems": {TABLE: request}})

    assert reply == {"Responses": {TABLE: [{"n": n(2)}, {"n": n(1)}]}, "UnprocessedKeys": {}}


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {TABLE: {"Keys": []}},
        {TABLE: {"Keys": [key(), key()]}},
        {TABLE: {"Keys": [key(f"{sk}") for sk in range(101)]}},
    ],
)
def test_what_is_no_batch_is_refused(dynamo: SimDynamo, request_: Item) -> None:
    arguments = {"RequestItems": request_}

    assert refusal_code(dynamo, "BatchGetItem", arguments) == "ValidationException"


def a_put(sk: str, **options: Any) -> Item:
    return {"Put": {"TableName": TABLE, "Item": key(sk)} | options}


def an_update(sk: str, expression: str = "ADD n :one", **options: Any) -> Item:
    arguments = {"TableName": TABLE, "Key": key(sk), "UpdateExpression": expression}
    return {"Update": arguments | values(one=n(1)) | options}


def a_check(sk: str, condition: str) -> Item:
    return {
        "ConditionCheck": {"TableName": TABLE, "Key": key(sk), "ConditionExpression": condition}
    }


def transact(dynamo: SimDynamo, *items: Item, token: str | None = None) -> Item:
    arguments: Item = {"TransactItems": list(items)}
    return dynamo.call(
        "TransactWriteItems", arguments | ({"ClientRequestToken": token} if token else {})
    )


def test_a_transaction_makes_all_its_writes(dynamo: SimDynamo) -> None:
    put(dynamo, "gone")
    put(dynamo, "there")

    transact(
        dynamo,
        a_put("new"),
        an_update("changed"),
        {"Delete": {"TableName": TABLE, "Key": key("gone")}},
        a_check("there", "attribute_exists(pk)"),
    )

    assert keys(query(dynamo)["Items"]) == ["changed", "new", "there"]


def test_a_transaction_makes_nothing_if_a_condition_fails(dynamo: SimDynamo) -> None:
    put(dynamo, "1", n=n(7))
    new = {"ConditionExpression": "attribute_not_exists(pk)"}
    asking = new | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    items = [a_put("0"), a_put("1", **asking), a_check("2", "attribute_exists(pk)")]

    response = refusal(dynamo, "TransactWriteItems", {"TransactItems": items})

    assert response["Error"]["Code"] == "TransactionCanceledException"
    assert response["Error"]["Message"].endswith(
        "[None, ConditionalCheckFailed, ConditionalCheckFailed]"
    )
    reasons = response["CancellationReasons"]
    assert reasons[0] == {"Code": "None"}
    assert reasons[1]["Item"] == key("1") | {"n": n(7)}
    assert "Item" not in reasons[2]
    assert keys(query(dynamo)["Items"]) == ["1"]


def test_an_update_that_does_not_fit_its_item_cancels_the_transaction(dynamo: SimDynamo) -> None:
    put(dynamo, "1", n=s("no number"))
    items = [a_put("0"), an_update("1")]

    response = refusal(dynamo, "TransactWriteItems", {"TransactItems": items})

    codes = [reason["Code"] for reason in response["CancellationReasons"]]
    assert codes == ["None", "ValidationError"]
    assert get(dynamo, "0") is None


@pytest.mark.parametrize(
    "items",
    [
        [],
        [a_put("1"), an_update("1")],
        [a_put("1"), a_check("1", "attribute_exists(pk)")],
        [a_put("1") | an_update("2")],
        [an_update("1", "ADD n")],
        [{"ConditionCheck": {"TableName": TABLE, "Key": key()}}],
        [a_put(f"{sk}") for sk in range(101)],
    ],
)
def test_what_is_no_transaction_is_refused(dynamo: SimDynamo, items: list[Item]) -> None:
    arguments = {"TransactItems": items}

    assert refusal_code(dynamo, "TransactWriteItems", arguments) == "ValidationException"
    assert dynamo.seq == 0


def test_a_repeated_token_changes_nothing(dynamo: SimDynamo, clock: Clock) -> None:
    transact(dynamo, an_update("1"), token="t")
    clock.move(600)
    transact(dynamo, an_update("1"), token="t")
    assert get(dynamo) == key() | {"n": n(1)}

    arguments = {"TransactItems": [an_update("2")], "ClientRequestToken": "t"}
    code = refusal_code(dynamo, "TransactWriteItems", arguments)
    assert code == "IdempotentParameterMismatchException"

    clock.move(1)
    transact(dynamo, an_update("1"), token="t")
    assert get(dynamo) == key() | {"n": n(2)}


def test_a_cancelled_transaction_may_be_tried_again_under_its_token(dynamo: SimDynamo) -> None:
    write = an_update("1", ConditionExpression="attribute_exists(pk)")
    arguments = {"TransactItems": [write], "ClientRequestToken": "t"}
    assert refusal_code(dynamo, "TransactWriteItems", arguments) == "TransactionCanceledException"
    put(dynamo)

    transact(dynamo, write, token="t")

    assert get(dynamo) == key() | {"n": n(1)}


def test_a_transaction_reads_in_the_order_of_its_keys(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1), s=s("x"))
    gets = [
        {"Get": {"TableName": TABLE, "Key": key("2")}},
        {"Get": {"TableName": TABLE, "Key": key("1"), "ProjectionExpression": "n"}},
    ]

    reply = dynamo.call("TransactGetItems", {"TransactItems": gets})

    assert reply == {"Responses": [{}, {"Item": {"n": n(1)}}]}


def test_a_stale_read_sees_at_most_so_many_writes_less(dynamo: SimDynamo) -> None:
    for number in range(4):
        put(dynamo, n=n(number))
    dynamo.stale = lambda: (2, 60)

    assert get(dynamo) == key() | {"n": n(3)}
    assert get(dynamo, ConsistentRead=False) == key() | {"n": n(1)}
    batch = {"RequestItems": {TABLE: {"Keys": [key()]}}}
    assert dynamo.call("BatchGetItem", batch)["Responses"][TABLE][0]["n"] == n(1)


def test_a_stale_read_is_never_older_than_so_many_seconds(dynamo: SimDynamo, clock: Clock) -> None:
    put(dynamo, n=n(0))
    clock.move(30)
    put(dynamo, n=n(1))
    clock.move(30)
    put(dynamo, n=n(2))
    dynamo.stale = lambda: (99, 31)
    assert get(dynamo, ConsistentRead=False) == key() | {"n": n(0)}

    dynamo.stale = lambda: (99, 30)
    assert get(dynamo, ConsistentRead=False) == key() | {"n": n(1)}


def test_a_stale_index_is_wholly_of_the_past(dynamo: SimDynamo) -> None:
    put(dynamo, "gone", lane=s("a"), wake=n(1))
    put(dynamo, "moved", lane=s("a"), wake=n(2))
    put(dynamo, "same", lane=s("a"), wake=n(5))
    dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key("gone")})
    update(dynamo, "SET wake = :nine, n = :nine", sk="moved", **values(nine=n(9)))
    put(dynamo, "new", lane=s("a"), wake=n(3))
    dynamo.stale = lambda: (3, 60)

    stale = by_lane(dynamo, "keys")["Items"]

    assert [(item["sk"]["S"], item["wake"]["N"]) for item in stale] == [
        ("gone", "1"),
        ("moved", "2"),
        ("same", "5"),
    ]
    assert keys(dynamo.call("Scan", {"TableName": TABLE})["Items"]) == ["gone", "moved", "same"]
    assert keys(query(dynamo)["Items"]) == ["moved", "new", "same"]


def test_conditions_never_see_the_past(dynamo: SimDynamo) -> None:
    put(dynamo, n=n(1))
    dynamo.stale = lambda: (9, 60)

    update(dynamo, "ADD n :one", ConditionExpression="n = :one", **values(one=n(1)))

    assert get(dynamo) == key() | {"n": n(2)}


def test_every_write_is_logged_with_its_number_and_instant(dynamo: SimDynamo, clock: Clock) -> None:
    put(dynamo)
    clock.move(5)
    transact(dynamo, an_update("1"), a_put("2"))

    last = dynamo.tables[TABLE].last
    assert last
    assert (last.seq, last.at, last.key, last.old) == (3, clock(), ("a", "2"), None)
    assert last.previous
    assert last.previous.old
    assert (last.previous.seq, last.previous.old.item) == (2, key())


def test_a_snapshot_is_returned_to_whatever_happened_since(dynamo: SimDynamo) -> None:
    put(dynamo, "1", lane=s("a"), wake=n(1))
    transact(dynamo, an_update("2"), token="before")
    snapshot = dynamo.snapshot()
    seen = query(dynamo), by_lane(dynamo, "keys")
    before = dynamo.snapshot(), dynamo.units.copy()

    for _ in range(2):
        put(dynamo, "3", lane=s("a"), wake=n(0))
        update(dynamo, "SET wake = :n", **values(n=n(9)))
        dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key("2")})
        transact(dynamo, an_update("4"), token="after")
        transact(dynamo, an_update("2"), token="before")
        assert keys(query(dynamo)["Items"]) == ["1", "3", "4"]
        dynamo.restore(snapshot)

    assert (dynamo.seq, [*dynamo.transactions]) == (2, ["before"])
    assert (query(dynamo), by_lane(dynamo, "keys")) == seen
    dynamo.restore(before[0])
    assert dynamo.units == before[1]


def test_what_follows_a_snapshot_stays_out_of_it(dynamo: SimDynamo) -> None:
    put(dynamo, "1")
    first = dynamo.snapshot()
    put(dynamo, "2")
    second = dynamo.snapshot()
    put(dynamo, "3")

    for snapshot, found in ((first, ["1"]), (second, ["1", "2"]), (first, ["1"])):
        dynamo.restore(snapshot)
        put(dynamo, "9")
        assert keys(query(dynamo)["Items"]) == [*found, "9"]


def test_a_query_of_a_large_partition_reads_only_its_range(dynamo: SimDynamo) -> None:
    for number in range(2000):
        put(dynamo, f"{number * 7919 % 2000:04}")
    dynamo.units.reads.clear()

    reply = query(dynamo, "pk = :pk AND sk >= :x", values={":x": s("1990")}, Limit=5)

    assert keys(reply["Items"]) == ["1990", "1991", "1992", "1993", "1994"]
    assert dynamo.units.reads == {TABLE: 1}
