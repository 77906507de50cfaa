from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.functions.http.cursor import PageQuery, encode, read

keys = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ#", min_size=1, max_size=64)


def test_without_parameters_a_page_has_fifty_items_from_the_beginning() -> None:
    assert read(None) == read({}) == PageQuery(after=None, limit=50)


@settings(deadline=None)
@given(keys)
def test_a_cursor_leads_back_to_its_key(key: str) -> None:
    cursor = encode(key)
    assert cursor is not None
    assert read({"cursor": cursor}).after == key


@settings(deadline=None)
@given(keys)
def test_a_cursor_needs_no_escaping_in_a_query(key: str) -> None:
    assert set(str(encode(key))).isdisjoint("+/=& ")


def test_what_else_is_given_narrows_the_list() -> None:
    assert read({"limit": "7", "job": "J"}) == PageQuery(None, 7, {"job": "J"})


def test_after_the_last_page_there_is_no_cursor() -> None:
    assert encode(None) is None


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["limit", "cursor", "x"]), st.text()))
def test_no_parameter_fails_in_another_way_than_by_refusing(parameters: dict[str, str]) -> None:
    with suppress(Invalid):
        assert 1 <= read(parameters).limit <= 200


def test_a_long_parameter_is_not_repeated_in_full() -> None:
    with pytest.raises(Invalid) as caught:
        read({"limit": "9" * 100_000})
    assert len(caught.value.detail) < 120
