from typing import Any

import pytest

from tests.simulation.attributes import Attribute, Item
from tests.simulation.expressions import projected, read_expressions
from tests.simulation.refusals import Invalid

ITEM: Item = {
    "s": {"S": "hello"},
    "n": {"N": "5"},
    "half": {"N": "0.5"},
    "b": {"B": b"abc"},
    "flag": {"BOOL": True},
    "nil": {"NULL": True},
    "ss": {"SS": ["a", "b"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"x"]},
    "l": {"L": [{"N": "1"}, {"S": "two"}, {"M": {"x": {"N": "3"}}}]},
    "m": {"M": {"x": {"N": "1"}, "y": {"L": [{"S": "deep"}]}}},
}
VALUES: dict[str, Attribute] = {
    ":hello": {"S": "hello"},
    ":h": {"S": "he"},
    ":z": {"S": "z"},
    ":a": {"S": "a"},
    ":b": {"B": b"b"},
    ":ab": {"B": b"ab"},
    ":one": {"N": "1"},
    ":onezero": {"N": "1.0"},
    ":two": {"N": "2"},
    ":five": {"N": "5.000"},
    ":ten": {"N": "1e1"},
    ":half": {"N": ".50"},
    ":yes": {"BOOL": True},
    ":null": {"NULL": True},
    ":set": {"SS": ["b", "a"]},
    ":numbers": {"NS": ["2.0", "1"]},
    ":S": {"S": "S"},
    ":L": {"S": "L"},
    ":M": {"S": "M"},
    ":BOOL": {"S": "BOOL"},
    ":map": {"M": {"x": {"N": "1.0"}, "y": {"L": [{"S": "deep"}]}}},
    ":list": {"L": [{"N": "9"}]},
    ":odd": {"S": "ODD"},
}


def values_of(text: str) -> dict[str, Attribute]:
    words = text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word: VALUES[word] for word in words if word in VALUES}


def arguments(name: str, text: str, names: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {name: text}
    if values_of(text):
        found["ExpressionAttributeValues"] = values_of(text)
    if names:
        found["ExpressionAttributeNames"] = names
    return found


def holds(text: str, item: Item = ITEM, names: dict[str, str] | None = None) -> bool:
    expressions, values = read_expressions(arguments("ConditionExpression", text, names))
    assert expressions.condition
    return expressions.condition.test(item, values)


def updated(text: str, item: Item = ITEM) -> Item:
    expressions, values = read_expressions(arguments("UpdateExpression", text))
    assert expressions.update
    return expressions.update.apply(item, values)


@pytest.mark.parametrize(
    "text",
    [
        "s = :hello",
        "n = :five",
        "half = :half",
        "n <> :one",
        "n < :ten",
        "n >= :five",
        "s > :h",
        "b > :ab",
        "ss = :set",
        "ns = :numbers",
        "m = :map",
        "nil = :null",
        "flag = :yes",
        "n BETWEEN :one AND :ten",
        "n IN (:one, :five)",
        "l[0] = :one",
        "l[2].x > :two",
        "m.x = :onezero",
        "m.y[0] <> :z",
        "absent <> :one",
        "absent <> another",
        "attribute_exists(m.y[0])",
        "attribute_not_exists(m.y[1])",
        "attribute_not_exists(s.x)",
        "attribute_type(l, :L)",
        "attribute_type(m, :M)",
        "attribute_type(flag, :BOOL)",
        "attribute_type(:hello, :S)",
        "begins_with(s, :h)",
        "begins_with(:hello, s)",
        "begins_with(b, :ab)",
        "contains(s, :h)",
        "contains(b, :b)",
        "contains(ss, :a)",
        "contains(ns, :onezero)",
        "contains(l, :onezero)",
        "size(s) = :five",
        "size(l) > :two",
        "size(m) = :two",
        "size(ss) = :two",
        "NOT n = :one",
        "n = :one OR s = :hello AND n = :five",
        "NOT (n = :one OR s = :z)",
        "(n = :five) AND (s = :hello)",
        "(n) = :five",
        "n = :five and not s = :z",
    ],
)
def test_it_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "s = :h",
        "n = :hello",
        "n > :hello",
        "s < :one",
        "absent = :one",
        "absent < :one",
        "absent BETWEEN :one AND :two",
        "absent IN (:one, :two)",
        "absent IN (:one, another)",
        "absent <= another",
        "absent = :null",
        "absent = another",
        "flag = :null",
        "l[7] = :one",
        "attribute_exists(absent)",
        "attribute_not_exists(l[2].x)",
        "attribute_type(absent, :S)",
        "begins_with(n, :h)",
        "begins_with(s, :ab)",
        "contains(s, :ab)",
        "contains(n, :one)",
        "contains(m, :one)",
        "contains(ss, :one)",
        "size(n) > :one",
        "size(absent) < :ten",
        "n = :five AND s = :z OR n = :one",
    ],
)
def test_it_does_not_hold(text: str) -> None:
    assert not holds(text)


def test_a_string_is_as_long_as_its_characters() -> None:
    assert holds("size(s) = :one", {"s": {"S": "é"}})


def test_names_stand_for_attributes_that_the_grammar_does_not_take() -> None:
    item: Item = {"a.b": {"M": {"size": {"N": "1"}}}}

    assert holds("#a.#b = :one", item, {"#a": "a.b", "#b": "size"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s =",
        "s = :hello AND",
        "s = :hello s",
        "s ! :hello",
        "(s = :hello",
        "((s = :hello))",
        "((s = :hello) AND (n = :one)) AND ((n = :one))",
        "s = s",
        "contains(s, s)",
        "size(s)",
        "size(s) AND n = :one",
        "begins_with(s)",
        "begins_with(s, :one)",
        "size(s, n) = :one",
        "size(contains(s, :h)) = :one",
        "attribute_exists(:hello)",
        "attribute_type(s, :odd)",
        "attribute_type(s, n)",
        "attribute_type(s, :one)",
        "contains(s, :h) = :yes",
        "unknown(s)",
        "n < :yes",
        "n BETWEEN :two AND :one",
        "n BETWEEN :one AND :hello",
        "name = :hello",
        "l[x] = :one",
        "#absent = :one",
        "s = :absent",
        "n IN ()",
        f"n IN ({', '.join([':one'] * 101)})",
        "n = :one AND " * 500 + "n = :one",
    ],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        holds(text)


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("SET s = :z", {"s": {"S": "z"}}),
        ("SET x = n", {"x": {"N": "5"}}),
        ("SET n = n + :one", {"n": {"N": "6"}}),
        ("SET n = n - :half", {"n": {"N": "4.5"}}),
        ("SET n = (n + :five)", {"n": {"N": "10"}}),
        ("SET n = :one, x = n", {"n": {"N": "1"}, "x": {"N": "5"}}),
        ("SET x = if_not_exists(x, :one)", {"x": {"N": "1"}}),
        ("SET n = if_not_exists(n, :one)", {}),
        ("SET x = if_not_exists(x, :one) + :two", {"x": {"N": "3"}}),
        ("SET x = list_append(:list, :list)", {"x": {"L": [{"N": "9"}, {"N": "9"}]}}),
        ("SET m.x = m.x + :one", {"m": {"M": {"x": {"N": "2"}, "y": ITEM["m"]["M"]["y"]}}}),
        ("SET bs = :list, bs2 = l", {"bs": {"L": [{"N": "9"}]}, "bs2": ITEM["l"]}),
        ("SET l[2].x = :one REMOVE l[0], l[1]", {"l": {"L": [{"M": {"x": {"N": "1"}}}]}}),
        ("REMOVE m.y", {"m": {"M": {"x": {"N": "1"}}}}),
        ("REMOVE absent, l[9], m.nothing", {}),
        ("ADD n :two", {"n": {"N": "7"}}),
        ("ADD x :two", {"x": {"N": "2"}}),
        ("ADD m.x :two", {"m": {"M": {"x": {"N": "3"}, "y": ITEM["m"]["M"]["y"]}}}),
        ("ADD ns :numbers", {}),
        ("ADD x :set", {"x": {"SS": ["a", "b"]}}),
        ("DELETE absent :set", {}),
        ("set n = :one remove s add half :half", {"n": {"N": "1"}, "half": {"N": "1"}, "s": None}),
        ("DELETE ss :set", {"ss": None}),
        ("REMOVE s", {"s": None}),
    ],
)
def test_an_update_changes_what_it_says(text: str, changed: dict[str, Any]) -> None:
    after = {name: value for name, value in (ITEM | changed).items() if value is not None}

    assert updated(text) == after


def test_elements_past_the_end_of_a_list_are_appended_in_their_order() -> None:
    before: Item = {"l": {"L": [{"S": "a"}, {"S": "b"}]}}

    after = updated("SET l[9] = :two, l[8] = :one REMOVE l[0]", before)

    assert after == {"l": {"L": [{"S": "b"}, {"N": "1"}, {"N": "2"}]}}


def test_an_update_leaves_the_item_before_it_as_it_was() -> None:
    before: Item = {"m": {"M": {"x": {"L": [{"N": "1"}]}}}}

    updated("SET m.x[0] = :two, m.z = :one", before)

    assert before == {"m": {"M": {"x": {"L": [{"N": "1"}]}}}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SET",
        "SET s",
        "SET s = :z,",
        "SET s = :z SET n = :one",
        "SET s = :z, s = :h",
        "SET m = :one, m.x = :two",
        "SET m.x = :one, m[0] = :two",
        "SET s = unknown(:z)",
        "SET s = if_not_exists(:z, :h)",
        "SET s = if_not_exists(s)",
        "SET x = absent",
        "SET x = absent + :one",
        "SET x = s + :one",
        "SET x = n + :z",
        "SET l = list_append(l, :one)",
        "SET x = list_append(n, :list)",
        "SET absent.x = :one",
        "SET s.x = :one",
        "SET m[0] = :one",
        "SET l.x = :one",
        "REMOVE absent.x",
        "REMOVE m.nothing.x",
        "ADD s :one",
        "ADD n :set",
        "ADD n :z",
        "ADD n n",
        "DELETE n :set",
        "DELETE ss :one",
        "DELETE ss :z",
        "n = :one",
    ],
)
def test_what_is_no_update_of_the_item_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        updated(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s, absent", {"s": ITEM["s"]}),
        ("m.x", {"m": {"M": {"x": {"N": "1"}}}}),
        ("l[2].x, l[0]", {"l": {"L": [{"N": "1"}, {"M": {"x": {"N": "3"}}}]}}),
        ("m.y[0], m.x", {"m": ITEM["m"]}),
        ("absent[0], s.x, l[9], m.nothing, n[0]", {}),
    ],
)
def test_a_projection_shows_what_is_at_its_paths(text: str, shown: Item) -> None:
    expressions, _ = read_expressions(arguments("ProjectionExpression", text))
    assert expressions.projection

    assert projected(ITEM, expressions.projection) == shown


@pytest.mark.parametrize("text", ["", "s,", "s, s", "m, m.x", "l[0], l.x", "s n", ":z"])
def test_what_is_no_projection_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_expressions({"ProjectionExpression": text})


@pytest.mark.parametrize(
    "unused",
    [
        {"ExpressionAttributeNames": {"#s": "s", "#n": "n"}},
        {"ExpressionAttributeValues": {":z": {"S": "z"}, ":one": {"N": "1"}}},
        {"ExpressionAttributeNames": {}},
        {"ExpressionAttributeValues": {}},
    ],
)
def test_names_and_values_that_nothing_uses_are_refused(unused: dict[str, Any]) -> None:
    given = {
        "ConditionExpression": "#s = :z",
        "ExpressionAttributeNames": {"#s": "s"},
        "ExpressionAttributeValues": {":z": {"S": "z"}},
    }
    assert read_expressions(given)

    with pytest.raises(Invalid):
        read_expressions(given | unused)


@pytest.mark.parametrize("number", ["", "x", "1_0", " 1", "٣", "1e126", "1e-131", "1" * 39])
def test_what_dynamodb_cannot_keep_as_a_number_is_refused(number: str) -> None:
    with pytest.raises(Invalid):
        read_expressions(
            {
                "ConditionExpression": "n = :n",
                "ExpressionAttributeValues": {":n": {"N": number}},
            }
        )


def test_numbers_are_exact_to_38_digits() -> None:
    item: Item = {"n": {"N": "9" * 37}}

    assert updated("ADD n :half", item) == {"n": {"N": "9" * 37 + ".5"}}
    with pytest.raises(Invalid):
        updated("ADD n :half", {"n": {"N": "9" * 38}})
