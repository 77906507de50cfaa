import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.access.token import mint, parse
from chalicelib.errors import Invalid, Unauthenticated

owners = st.text("az09-", max_size=30).map(lambda rest: f"m{rest}")


@settings(deadline=None)
@given(owners)
def test_a_minted_token_parses_to_its_owner(owner: str) -> None:
    token = mint(owner)
    assert parse(token.text) == token


def test_the_secret_is_32_random_bytes_in_base64url() -> None:
    assert mint("main", lambda count: b"\xff" * count).text == "palyra_main_" + "_" * 42 + "8"


def test_no_two_tokens_are_the_same() -> None:
    assert mint("main").text != mint("main").text


def test_the_digest_is_the_sha256_of_the_whole_token() -> None:
    token = mint("main")
    assert token.digest == hashlib.sha256(token.text.encode()).hexdigest()


def test_a_token_shows_whose_it_is_and_never_what_it_is() -> None:
    token = mint("main")
    secret = token.text.removeprefix("palyra_main_")
    assert repr(token) == "Token(owner='main')"
    assert secret not in f"{token} {token!r} {[token]}"


@pytest.mark.parametrize(
    "owner", ["system", "", "Main", "a_b", "1st", "-a", "a" * 33, "a#b", "main\n", "mäin"]
)
def test_a_name_that_cannot_be_an_owner_gets_no_token(owner: str) -> None:
    with pytest.raises(Invalid) as caught:
        mint(owner)
    assert caught.value.faults[0].field == "owner"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "palyra",
        "palyra__" + "a" * 43,
        "palyra_main_" + "a" * 42,
        "palyra_main_" + "a" * 44,
        "palyra_main_" + "a" * 42 + "=",
        "palyra_MAIN_" + "a" * 43,
        "PALYRA_main_" + "a" * 43,
        "palyra_main_" + "a" * 43 + "\n",
        "palyra_main_" + "ä" * 43,
        "x" * 100_000,
    ],
)
def test_what_does_not_look_like_a_token_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated, match="not a Palyra API token"):
        parse(text)


def test_a_refusal_does_not_repeat_what_was_presented() -> None:
    with pytest.raises(Unauthenticated) as caught:
        parse("palyra_main_almost-a-secret")
    assert "almost-a-secret" not in f"{caught.value} {caught.value.fix}"
