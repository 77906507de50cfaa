from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import dynamodb

from infra.local.bridges.quick_key_conditions import comparisons_of, quick

NAMES = {"#0": "pk", "#1": "sk"}
KEYS = st.one_of(
    st.integers(-(10**20), 10**20).map(lambda number: {"N": str(number)}),
    st.decimals(-10, 10, places=2).map(lambda number: {"N": str(number)}),
    st.text(min_size=1, max_size=3).map(lambda text: {"S": text}),
)
ODD = [
    "begins_with(#1, :1)",
    "#0 = :0 AND #1 BETWEEN :1 AND :1",
    "(#0 = :0) AND (#1 = :1)",
    "(#0 = :0 AND #1 < :1",
    "#0 = :0 AND NOT #1 = :1",
    "pk = :0",
    "#0 = :0 OR #1 = :1",
]


def slowly(*asked: Any, slot: str) -> bool:
    pytest.fail(f"it was not read quickly as a {slot}: {asked}")


@given(KEYS, KEYS, st.sampled_from(["=", "<", "<=", ">", ">="]), st.sampled_from(["{}", "({})"]))
def test_what_is_read_quickly_holds_where_ministack_says_so(
    found: dict[str, str], wanted: dict[str, str], sign: str, whole: str
) -> None:
    expression = whole.format(f"#0 = :0 AND #1 {sign} :1")
    item, values = {"pk": {"S": "a"}, "sk": found}, {":0": {"S": "a"}, ":1": wanted}
    asked = (expression, item, values, NAMES)
    evaluate = dynamodb._evaluate_condition

    assert quick(evaluate)(*asked, slot="KeyConditionExpression") == evaluate(
        *asked, slot="KeyConditionExpression"
    )


def test_a_condition_of_keys_is_not_left_to_ministack() -> None:
    values = {":0": {"S": "a"}, ":1": {"N": "10"}}
    for expression in ("#0 = :0", "(#0 = :0 AND #1 < :1)"):
        item = {"pk": {"S": "a"}, "sk": {"N": "9"}}
        assert quick(slowly)(expression, item, values, NAMES, slot="KeyConditionExpression")


@pytest.mark.parametrize("expression", ODD)
def test_any_other_condition_is(expression: str) -> None:
    assert comparisons_of(expression) == []


def test_so_is_a_condition_that_is_not_of_keys() -> None:
    asked: list[str] = []

    def slow(*_: Any, slot: str) -> bool:
        asked.append(slot)
        return True

    assert quick(slow)("#0 = :0", {"pk": {"S": "a"}}, {":0": {"S": "b"}}, NAMES)
    assert asked == ["ConditionExpression"]
