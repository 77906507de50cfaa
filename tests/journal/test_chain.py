import hashlib
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.journal.chain import canonical, genesis, link

STREAM = "main#audit#0"
GENESIS = "9f10e643c8f9021557815179d39aeb776e89407868a3a7760b776ddd2949723c"
LINK = "3215f5ee7b50f5cd41d1d109414051b80e43725538ea1665d15263db72c6684f"
texts = st.text(st.characters(codec="utf-8"), max_size=12)


def by_hand(*parts: str) -> str:
    """Hash with a length of eight bytes before each part, written anew."""
    encoded = [part.encode() for part in ("palyra/chain/1", *parts)]
    return hashlib.sha256(b"".join(struct.pack(">Q", len(it)) + it for it in encoded)).hexdigest()


def test_the_first_link_of_a_chain_never_changes_its_value() -> None:
    assert genesis(STREAM) == GENESIS == by_hand(STREAM)


def test_the_link_of_an_entry_never_changes_its_value() -> None:
    assert link(STREAM, "1", GENESIS, '{"a":1}') == LINK == by_hand(STREAM, "1", GENESIS, '{"a":1}')


@settings(deadline=None)
@given(texts, texts, texts, texts)
def test_a_link_is_what_anybody_can_compute(
    chain: str, position: str, previous: str, content: str
) -> None:
    assert link(chain, position, previous, content) == by_hand(chain, position, previous, content)


@settings(deadline=None)
@given(st.tuples(texts, texts, texts, texts), st.tuples(texts, texts, texts, texts))
def test_different_entries_never_share_a_link(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (one == other) == (link(*one) == link(*other))


@settings(deadline=None)
@given(st.text("ab1", min_size=3, max_size=8), st.data())
def test_a_text_split_in_two_ways_never_hashes_alike(text: str, data: st.DataObject) -> None:
    cuts = st.lists(st.integers(0, len(text)), min_size=3, max_size=3).map(sorted)
    one, other = data.draw(cuts), data.draw(cuts)
    assert (one == other) == (link(*_split(text, one)) == link(*_split(text, other)))


def _split(text: str, cuts: list[int]) -> tuple[str, str, str, str]:
    first, second, third = cuts
    return text[:first], text[first:second], text[second:third], text[third:]


def test_a_chain_without_entries_is_no_entry_of_another_one() -> None:
    assert genesis(STREAM) != link(STREAM, "", "", "")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "{}"),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
        ({"é": "ü"}, '{"é":"ü"}'),
        ({"\ue000": 1, "😀": 2}, '{"😀":2,"\ue000":1}'),
        ({"a": [1, None, True, {"c": 1, "b": 2}]}, '{"a":[1,null,true,{"b":2,"c":1}]}'),
        ({"a": 1.0, "b": 1e21, "c": 0.1}, '{"a":1,"b":1e+21,"c":0.1}'),
        ({"a": 'x"\n\x01/'}, '{"a":"x\\"\\n\\u0001/"}'),
    ],
)
def test_canonical_json_has_one_text_for_one_content(content: dict[str, Any], text: str) -> None:
    assert canonical(content) == text


@settings(deadline=None)
@given(st.dictionaries(texts, st.integers(-(2**53) + 1, 2**53 - 1) | texts))
def test_the_order_of_writing_does_not_matter(content: dict[str, Any]) -> None:
    backwards = dict(reversed(content.items()))
    assert canonical(content) == canonical(backwards)
