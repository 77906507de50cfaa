"""What operators do with policies: races, lost replies, and versions of another release."""

from typing import Any

import pytest

from chalicelib.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unavailable
from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.policy.service import PolicyService
from chalicelib.policy.store import VersionRow
from chalicelib.policy.versions import digest
from tests.support.faults import before, every_transaction_repeated, replies_of_transactions_lost
from tests.support.world import World

A, B = (f'@id("{name}") permit (principal, action, resource);' for name in "ab")


@pytest.fixture
def service(world: World) -> PolicyService:
    numbers = iter(range(256))
    of = Container(
        settings=world.settings,
        clock=world.clock,
        random_bytes=lambda size: bytes([next(numbers)]) * size,
    )
    return wiring.policies(of)


def stored() -> VersionRow:
    row = VersionRow.find("main#versions", "000000001")
    assert row is not None
    return row


def create(service: PolicyService, text: str = A) -> int:
    return service.create("main", "token:test", text, "why").version.version


def activate(service: PolicyService, version: int, *expected: int) -> int:
    wanted = frozenset(expected) if expected else None
    return service.activate("main", "token:test", version, wanted).number


def test_versions_are_numbered_in_turn_and_never_written_again(service: PolicyService) -> None:
    assert [create(service, text) for text in (A, B, A)] == [1, 2, 3]
    assert service.get("main", 2).text == B
    assert service.get("main", 2).sha256 == digest(B)


def test_a_version_that_another_wrote_meanwhile_has_the_next_number(
    service: PolicyService,
) -> None:

    def other() -> None:
        create(service, B)

    with before("TransactWriteItems", "", other):
        assert create(service) == 2
    assert [service.get("main", n).text for n in (1, 2)] == [B, A]


def test_replies_that_are_lost_keep_one_version_and_activate_once(
    world: World, service: PolicyService
) -> None:
    with every_transaction_repeated():
        made = service.create("main", "token:test", A, "")
        assert (made.version.version, made.is_new) == (1, True)
        assert activate(service, 1) == 1
    with pytest.raises(NotFound):
        service.get("main", 2)
    assert [len(world.events(f"policies.{verb}")) for verb in ("created", "activated")] == [1, 1]


def test_an_activation_that_another_overtook_is_refused_where_it_says_what_it_saw(
    service: PolicyService,
) -> None:
    create(service)
    create(service, B)

    def other() -> None:
        activate(service, 2)

    with (
        before("TransactWriteItems", "", other),
        pytest.raises(PreconditionFailed, match="version 2 was activated meanwhile"),
    ):
        activate(service, 1, 0)
    assert service.active("main").version == 2


def test_an_activation_that_says_nothing_comes_after_the_other(service: PolicyService) -> None:
    create(service)
    create(service, B)

    def other() -> None:
        activate(service, 2)

    with before("TransactWriteItems", "", other):
        assert activate(service, 1) == 2
    active = service.active("main")
    assert (active.version, active.previous) == (1, 2)


def test_two_rollbacks_of_the_same_activation_make_one(service: PolicyService) -> None:
    create(service)
    activate(service, 1)
    seen = frozenset({service.active("main").number})
    assert service.roll_back("main", "token:test", seen).version == 0
    with pytest.raises(PreconditionFailed):
        service.roll_back("main", "token:test", seen)


def test_a_version_that_fits_the_schema_no_more_is_not_activated(service: PolicyService) -> None:
    create(service)
    row = stored()
    old = A.replace("action,", 'action == Action::"fly",')
    row.update([VersionRow.text.set(old), VersionRow.sha256.set(digest(old))])
    with pytest.raises(Invalid, match="the first in line 1"):
        activate(service, 1)
    assert service.active("main").number == 0


def test_a_version_that_is_not_what_was_stored_is_not_activated(service: PolicyService) -> None:
    create(service)
    stored().update([VersionRow.text.set(B)])
    with pytest.raises(Conflict, match="not what was stored"):
        activate(service, 1)


def test_what_does_not_exist_is_not_found(service: PolicyService) -> None:
    for ask in (lambda: service.get("main", 1), lambda: activate(service, 1)):
        with pytest.raises(NotFound, match="no version 1"):
            ask()


def test_a_note_that_holds_a_secret_is_refused(service: PolicyService) -> None:
    with pytest.raises(Invalid, match="secret"):
        service.create("main", "token:test", A, "key AKIA" + "IOSFODNN7EXAMPLE")


def test_an_activation_whose_reply_is_lost_is_found_to_be_made(service: PolicyService) -> None:
    create(service)
    with replies_of_transactions_lost():
        assert activate(service, 1) == 1
    assert service.active("main").version == 1


def test_an_activation_of_unknown_effect_says_so(
    service: PolicyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(service)

    def fail(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(service.journal, "append_with", fail)
    with pytest.raises(Unavailable):
        activate(service, 1)
    assert service.active("main").version == 0
