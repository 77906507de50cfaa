import hashlib
import struct
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.journal.chain import Head
from chalicelib.journal.seal import Seal, moved_back, root

heads = st.dictionaries(
    st.text(min_size=1, max_size=8), st.builds(Head, st.integers(1, 99), st.text("ab", max_size=3))
)


def leaf(stream: str, seq: int, link: str) -> bytes:
    parts = [b"palyra/seal/leaf/1", stream.encode(), str(seq).encode(), link.encode()]
    return hashlib.sha256(
        b"\0" + b"".join(struct.pack(">Q", len(it)) + it for it in parts)
    ).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root({}) == hashlib.sha256(b"").hexdigest()


def test_the_root_is_that_of_rfc_6962() -> None:
    a, b, c, d, e = (leaf(name, number, "x") for number, name in enumerate("abcde"))
    streams = {name: Head(number, "x") for number, name in enumerate("abcde")}
    assert root(streams) == node(node(node(a, b), node(c, d)), e).hex()
    del streams["e"], streams["d"]
    assert root(streams) == node(node(a, b), c).hex()


@given(heads, heads)
def test_different_heads_never_share_a_root(one: dict[str, Head], other: dict[str, Head]) -> None:
    assert (root(one) == root(other)) == (one == other)


@given(heads)
def test_a_seal_says_what_it_seals(some: dict[str, Head]) -> None:
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    seal = Seal(at=at, heads=some, previous_signature="s", key="k")
    assert seal.content() == replace(seal, heads=dict(reversed(some.items()))).content()
    assert list(moved_back(some, some)) == []


def test_a_stream_that_is_gone_or_shorter_or_another_moved_back() -> None:
    earlier = {"a": Head(2, "x"), "b": Head(2, "x"), "c": Head(2, "x"), "d": Head(2, "x")}
    now = {"b": Head(1, "x"), "c": Head(2, "y"), "d": Head(3, "y")}
    assert [stream for stream, _ in moved_back(earlier, now)] == ["a", "b", "c"]
