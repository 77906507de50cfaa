import pytest

from chalicelib.access.store import AccessStore, TokenRow
from chalicelib.access.token import mint
from chalicelib.policy.request import Role
from tests.support.world import NOON

pytestmark = pytest.mark.usefixtures("world")


def test_an_admitted_token_is_good_under_its_name() -> None:
    token = mint("main")
    AccessStore().admit(token, name="laptop", now=NOON)
    assert AccessStore().admitted(token) == ("laptop", None, Role.ADMIN)


def test_a_token_that_nobody_admitted_is_not_good() -> None:
    AccessStore().admit(mint("main"), name="laptop", now=NOON)
    assert AccessStore().admitted(mint("main")) is None


def test_admitting_a_token_again_changes_nothing() -> None:
    token = mint("main")
    for name in ("first", "second"):
        AccessStore().admit(token, name=name, now=NOON)
    assert AccessStore().admitted(token) == ("first", None, Role.ADMIN)


def test_another_container_knows_the_token() -> None:
    token = mint("main")
    AccessStore().admit(token, name="laptop", now=NOON)
    assert AccessStore().admitted(token) == ("laptop", None, Role.ADMIN)


def test_only_the_hash_of_a_token_is_stored() -> None:
    token = mint("main")
    AccessStore().admit(token, name="laptop", now=NOON)
    (stored,) = [row.to_simple_dict() for row in TokenRow.scan()]
    assert stored["sk"] == token.digest
    assert token.text.removeprefix("palyra_main_") not in str(stored)


def test_the_key_of_a_token_begins_with_its_owner() -> None:
    AccessStore().admit(mint("other"), name="laptop", now=NOON)
    assert [row.pk for row in TokenRow.scan()] == ["other#token"]


def test_a_token_has_the_role_it_was_admitted_in() -> None:
    token = mint("main")
    AccessStore().admit(token, name="reader", now=NOON, role=Role.VIEWER)
    assert AccessStore().admitted(token) == ("reader", None, Role.VIEWER)


def test_a_token_that_is_older_than_roles_is_an_admins() -> None:
    token = mint("main")
    AccessStore().admit(token, name="old", now=NOON)
    TokenRow("main#token", token.digest).update([TokenRow.role.remove()])
    assert AccessStore().admitted(token) == ("old", None, Role.ADMIN)
