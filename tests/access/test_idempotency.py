from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.idempotency import Kept, RequestKey, answer
from chalicelib.access.store import IdempotencyStore, RequestRow
from chalicelib.errors import Invalid
from tests.support.world import NOON

KEY = RequestKey("main", "token:test", "POST /v1/jobs", "k", "a")
MONTH = timedelta(days=30)

names = st.text(st.characters(min_codepoint=1, codec="utf-8"), max_size=8)
keys = st.builds(RequestKey, *[names] * 5)


@given(keys, keys)
def test_two_keys_share_a_row_only_if_they_are_one(one: RequestKey, other: RequestKey) -> None:
    assert (one.digest == other.digest) == (one[1:4] == other[1:4])


def test_a_new_request_has_made_nothing() -> None:
    assert answer(KEY, None) is None


def test_a_repeat_is_led_to_what_it_made() -> None:
    assert answer(KEY, Kept("J", "a")) == "J"


def test_another_body_is_refused_with_the_fix() -> None:
    with pytest.raises(Invalid) as invalid:
        answer(KEY, Kept("J", "b"))
    (fault,) = invalid.value.faults
    assert fault.field == "Idempotency-Key"
    assert "new key" in fault.fix


@pytest.mark.usefixtures("world")
class TestStore:
    def test_a_key_leads_to_what_was_made(self) -> None:
        IdempotencyStore().keep(KEY, "J", NOON)

        assert IdempotencyStore().made(KEY, NOON) == "J"

    def test_the_first_one_stands(self) -> None:
        for made in ("first", "second"):
            IdempotencyStore().keep(KEY, made, NOON)

        assert IdempotencyStore().made(KEY, NOON) == "first"

    def test_an_expired_key_is_as_good_as_unused(self) -> None:
        store = IdempotencyStore()
        store.keep(KEY, "first", NOON)

        assert store.made(KEY, NOON + MONTH - timedelta(seconds=1)) == "first"
        assert store.made(KEY, NOON + MONTH) is None
        store.keep(KEY, "second", NOON + MONTH)
        assert store.made(KEY, NOON + MONTH) == "second"

    def test_neither_key_nor_body_is_stored_in_clear(self) -> None:
        key = KEY._replace(key="my-secret-name")
        IdempotencyStore().keep(key, "J", NOON)

        (row,) = RequestRow.scan()
        assert "my-secret-name" not in str(row.to_simple_dict())
