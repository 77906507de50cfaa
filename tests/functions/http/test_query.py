from contextlib import suppress

import pytest
from chalice.app import MultiDict
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.functions.http.query import Parameter, check

KNOWN = [Parameter(name, "", {}) for name in ("state", "limit")]


def faults(given: dict[str, list[str]], known: list[Parameter] = KNOWN) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        check(MultiDict(given), known)
    return [(fault.field, fault.fix) for fault in caught.value.faults]


def test_no_query_is_a_good_one() -> None:
    check(None, KNOWN)
    check(MultiDict({}), [])


def test_each_known_parameter_may_be_given_once() -> None:
    check(MultiDict({"state": ["x"], "limit": [""]}), KNOWN)


@pytest.mark.parametrize("name", ["page", "Limit", "", "x" * 100_000])
def test_an_unknown_parameter_is_named(name: str) -> None:
    assert faults({name: ["1"]}) == [(name[:80] or "query", "use: limit, state")]


def test_where_none_is_known_there_is_none_to_use() -> None:
    assert faults({"page": ["1"]}, []) == [("page", "leave it out")]


def test_a_parameter_that_is_given_twice_is_named() -> None:
    assert faults({"limit": ["1", "1"]}) == [("limit", "give it once")]


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.lists(st.text(), min_size=1)))
def test_no_query_fails_in_another_way_than_by_being_refused(given: dict[str, list[str]]) -> None:
    with suppress(Invalid):
        check(MultiDict(given), KNOWN)
        assert set(given) <= {"state", "limit"}
        assert all(len(values) == 1 for values in given.values())
