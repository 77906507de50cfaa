from datetime import timedelta

import boto3
import pytest

from chalicelib.access.service import Principal, authenticate
from chalicelib.access.store import AccessStore
from chalicelib.access.token import mint
from chalicelib.errors import Unauthenticated, Unavailable
from tests.support.world import NOON

pytestmark = pytest.mark.usefixtures("world")


def admitted(owner: str = "main") -> str:
    token = mint(owner)
    AccessStore().admit(token, name="laptop", now=NOON)
    return token.text


def test_a_good_token_stands_for_its_owner_and_name() -> None:
    principal = authenticate(f"Bearer {admitted()}", AccessStore(), NOON)
    assert principal == Principal("main", "token:laptop")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
def test_the_scheme_may_be_written_in_any_case_and_spaced(scheme: str) -> None:
    assert authenticate(f"{scheme} {admitted()} ", AccessStore(), NOON).owner == "main"


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Token ", "Bearer\t"])
def test_another_scheme_is_refused(scheme: str) -> None:
    with pytest.raises(Unauthenticated, match="no bearer token"):
        authenticate(scheme + admitted(), AccessStore(), NOON)


def test_a_token_that_nobody_admitted_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="not known"):
        authenticate(f"Bearer {mint('main').text}", AccessStore(), NOON)


def test_a_token_with_another_owner_spliced_in_is_refused() -> None:
    admitted("other")
    spliced = admitted("main").replace("_main_", "_other_")
    with pytest.raises(Unauthenticated, match="not known"):
        authenticate(f"Bearer {spliced}", AccessStore(), NOON)


def test_a_token_with_one_character_changed_is_refused() -> None:
    good = admitted()
    changed = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    with pytest.raises(Unauthenticated, match="not known"):
        authenticate(f"Bearer {changed}", AccessStore(), NOON)


def test_a_token_is_good_until_it_expires() -> None:
    token, end = mint("main"), NOON + timedelta(days=1)
    AccessStore().admit(token, name="laptop", now=NOON, until=end)
    header = f"Bearer {token.text}"

    assert authenticate(header, AccessStore(), end - timedelta(seconds=1)).owner == "main"
    with pytest.raises(Unauthenticated, match="expired"):
        authenticate(header, AccessStore(), end)


def test_every_refusal_says_how_to_send_a_token() -> None:
    for header in ("", "Bearer nonsense", f"Bearer {mint('main').text}"):
        with pytest.raises(Unauthenticated) as caught:
            authenticate(header, AccessStore(), NOON)
        assert "Authorization: Bearer palyra_" in caught.value.fix


def test_nobody_is_let_in_while_the_table_cannot_be_read() -> None:
    good = admitted()
    boto3.client("dynamodb").delete_table(TableName="palyra-local-access")
    with pytest.raises(Unavailable):
        authenticate(f"Bearer {good}", AccessStore(), NOON)
