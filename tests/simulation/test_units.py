from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.attributes import Attribute, measured
from tests.simulation.dynamo import SimDynamo
from tests.simulation.generation import PLAIN, TABLE, TABLES

type Item = dict[str, Any]
KB = "x" * 1024
INDEXED = {"lane": {"S": "a"}, "wake": {"N": "1"}}


@pytest.fixture
def dynamo() -> SimDynamo:
    return SimDynamo(TABLES)


def key(sk: str = "1") -> Item:
    return {"pk": {"S": "a"}, "sk": {"S": sk}}


def put(dynamo: SimDynamo, sk: str = "1", /, **attributes: Attribute) -> None:
    dynamo.call("PutItem", {"TableName": TABLE, "Item": key(sk) | attributes})


def update(dynamo: SimDynamo, expression: str, **values: Attribute) -> None:
    arguments = {"TableName": TABLE, "Key": key(), "UpdateExpression": expression}
    given = {f":{name}": value for name, value in values.items()}
    dynamo.call("UpdateItem", arguments | ({"ExpressionAttributeValues": given} if given else {}))


def write_units(dynamo: SimDynamo) -> tuple[int, dict[str, int]]:
    """Return the units of the table and of each index since the last time."""
    index = {name.removeprefix(f"{TABLE}/"): units for name, units in dynamo.units.index.items()}
    base = dynamo.units.base.total()
    dynamo.units.base.clear()
    dynamo.units.index.clear()
    return base, index


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "é"}, 2),
        ({"B": b"abcd"}, 4),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "1234"}, 3),
        ({"N": "1000000"}, 2),
        ({"N": "-12345"}, 5),
        ({"N": "0.0012"}, 2),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["1", "2"]}, 4),
        ({"BS": [b"ab", b"c"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_a_value_has_the_size_that_dynamodb_documents(value: Attribute, size: int) -> None:
    assert measured({"name": value}, ["name"])[0] == len("name") + size


@pytest.mark.parametrize(("length", "units"), [(0, 1), (1018, 1), (1019, 2), (2042, 2), (2043, 3)])
def test_a_put_costs_a_unit_for_each_kilobyte(dynamo: SimDynamo, length: int, units: int) -> None:
    # Names and values of the key are six bytes, the attribute's name is one.
    item = key() | ({"s": {"S": "x" * (length - 1)}} if length else {})

    dynamo.call("PutItem", {"TableName": TABLE, "Item": item})

    assert write_units(dynamo)[0] == units


def test_a_write_costs_the_larger_of_before_and_after(dynamo: SimDynamo) -> None:
    put(dynamo, s={"S": KB * 2})
    write_units(dynamo)

    update(dynamo, "REMOVE s")
    assert write_units(dynamo)[0] == 3

    update(dynamo, "SET s = :s", s={"S": KB})
    assert write_units(dynamo)[0] == 2

    dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key()})
    assert write_units(dynamo)[0] == 2

    dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key()})
    assert write_units(dynamo)[0] == 1


def test_the_size_of_an_item_follows_its_updates(dynamo: SimDynamo) -> None:
    put(dynamo, s={"S": "abc"}, m={"M": {"x": {"N": "1"}}})
    update(dynamo, "SET m.x = :x, n = :n REMOVE s", x={"S": "long"}, n={"N": "12"})
    update(dynamo, "ADD n :n", n={"N": "1"})

    row = dynamo.tables[TABLE].get(("a", "1"))
    assert row
    assert row.size == measured(row.item, row.item)[0]


def test_an_index_costs_where_its_entry_comes_moves_and_goes(dynamo: SimDynamo) -> None:
    put(dynamo, **INDEXED)
    assert write_units(dynamo) == (1, {"keys": 1, "some": 1, "all": 1})

    update(dynamo, "SET wake = :two", two={"N": "2"})
    assert write_units(dynamo) == (1, {"keys": 2, "some": 2, "all": 1})

    update(dynamo, "REMOVE lane")
    assert write_units(dynamo) == (1, {"keys": 1, "all": 1})

    dynamo.call("DeleteItem", {"TableName": TABLE, "Key": key()})
    assert write_units(dynamo) == (1, {"some": 1})


def test_an_index_costs_where_what_it_projects_changes(dynamo: SimDynamo) -> None:
    put(dynamo, **INDEXED)
    write_units(dynamo)

    update(dynamo, "SET n = :n", n={"N": "1"})
    assert write_units(dynamo) == (1, {"some": 1, "all": 1})

    update(dynamo, "SET ss = :ss", ss={"SS": ["a"]})
    assert write_units(dynamo) == (1, {"all": 1})

    update(dynamo, "SET ss = :ss", ss={"SS": ["a"]})
    assert write_units(dynamo) == (1, {})


def test_an_index_costs_by_the_size_of_its_own_entry(dynamo: SimDynamo) -> None:
    put(dynamo, **INDEXED, bin={"B": KB.encode()})
    assert write_units(dynamo) == (2, {"keys": 1, "some": 1, "all": 2})

    update(dynamo, "SET lane = :b", b={"S": "b"})
    assert write_units(dynamo) == (2, {"keys": 2, "all": 4})


def test_a_refused_write_costs_what_it_would_have_cost(dynamo: SimDynamo) -> None:
    put(dynamo, **INDEXED)
    write_units(dynamo)
    refused = {"ConditionExpression": "attribute_not_exists(pk)", "TableName": TABLE}

    for item, units in ((key(), 1), (key() | {"s": {"S": KB * 3}}, 4)):
        with pytest.raises(ClientError):
            dynamo.call("PutItem", refused | {"Item": item})
        assert write_units(dynamo) == (units, {})


def test_a_transaction_costs_twice_and_its_indexes_once(dynamo: SimDynamo) -> None:
    items: list[Item] = [
        {"Put": {"TableName": TABLE, "Item": key("1") | INDEXED}},
        {"Put": {"TableName": TABLE, "Item": key("2") | {"s": {"S": KB}}}},
        {
            "ConditionCheck": {
                "TableName": TABLE,
                "Key": key("3"),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
    ]
    dynamo.call("TransactWriteItems", {"TransactItems": items})
    assert write_units(dynamo) == (2 + 4 + 2, {"keys": 1, "some": 1, "all": 1})

    items[2]["ConditionCheck"]["ConditionExpression"] = "attribute_exists(pk)"
    with pytest.raises(ClientError):
        dynamo.call("TransactWriteItems", {"TransactItems": items})
    assert write_units(dynamo) == (2 + 4 + 2, {})


def test_reads_cost_by_four_kilobytes_and_by_how_sure_they_are(dynamo: SimDynamo) -> None:
    put(dynamo, "1", s={"S": KB * 4})
    reads = dynamo.units.reads
    arguments = {"TableName": TABLE, "Key": key()}

    def cost() -> float:
        units = reads.get(TABLE, 0)
        reads.clear()
        return units

    dynamo.call("GetItem", arguments)
    assert cost() == 1
    dynamo.call("GetItem", arguments | {"ConsistentRead": True})
    assert cost() == 2
    dynamo.call("GetItem", arguments | {"Key": key("absent")})
    assert cost() == 0.5
    dynamo.call("TransactGetItems", {"TransactItems": [{"Get": arguments}]})
    assert cost() == 4
    batch = {"Keys": [key(), key("absent")], "ConsistentRead": True}
    dynamo.call("BatchGetItem", {"RequestItems": {TABLE: batch}})
    assert cost() == 3


def test_a_query_costs_by_the_sum_of_what_it_reads(dynamo: SimDynamo) -> None:
    for sk in "1234":
        put(dynamo, sk, **INDEXED, s={"S": KB * 2})
    query = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "a"}},
    }

    dynamo.call("Query", query | {"ConsistentRead": True})
    dynamo.call("Query", query | {"KeyConditionExpression": "lane = :pk", "IndexName": "keys"})
    dynamo.call("Scan", {"TableName": PLAIN})

    assert dynamo.units.reads == {TABLE: 3, f"{TABLE}/keys": 0.5, PLAIN: 0.5}


def test_units_and_calls_are_kept_by_table(dynamo: SimDynamo) -> None:
    put(dynamo, **INDEXED)
    dynamo.call("PutItem", {"TableName": PLAIN, "Item": key() | {"sk": {"N": "1"}}})

    assert dynamo.units.writes == {TABLE: 4, PLAIN: 1}
    assert dynamo.units.calls == {f"PutItem {TABLE}": 1, f"PutItem {PLAIN}": 1}
