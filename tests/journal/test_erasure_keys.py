"""Data keys: wrapped, made once, remembered for a short while, and erased."""

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.errors import Unavailable
from chalicelib.journal.erasure.keys import LIFETIME, DataKeys, Erased
from chalicelib.journal.erasure.store import Erasing, KeyRow, KeyStore
from chalicelib.journal.erasure.wrapping import (
    FileWrapper,
    KeyWrapper,
    KmsWrapper,
)
from chalicelib.journal.personal import DataKey, Place, unseal
from chalicelib.key_file import KeyFileNotPrivate
from tests.support.faults import before, every_write_retried, recorded
from tests.support.world import NOON, TestClock, World, a_world

PLACE = Place("main", "J", "e")
SAID = {"name": "health"}


@pytest.fixture(params=["kms", "file"])
def wrapper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyWrapper]:
    with a_world():
        yield KmsWrapper() if request.param == "kms" else FileWrapper(tmp_path / "personal.key")


def keys(world: World) -> DataKeys:
    return DataKeys(
        store=KeyStore(), wrapper=KmsWrapper(), clock=world.clock, random_bytes=os.urandom
    )


def opened(of: DataKeys, sealed: dict[str, str], place: Place = PLACE) -> object:
    stored = KeyStore().find(place.owner, place.root)
    assert stored
    key = of.opened(place.owner, stored, NOON)
    assert key
    assert sealed["key"] == key.id
    return unseal(key, place, sealed["sealed"])


def erase(subject: str = "J") -> None:
    store = KeyStore()
    key = store.find("main", subject)
    assert key
    write = store.erasing("main", key, Erasing("T", "token:test", NOON), is_new=False)
    KeyRow.transact(write)


# One contract of the key in KMS and the key in a file.


def test_a_wrapped_key_is_unwrapped(wrapper: KeyWrapper) -> None:
    made = wrapper.make("main", "J")
    assert len(made.secret) == 32
    assert made.secret not in made.wrapped
    assert wrapper.unwrap("main", "J", made.wrapped) == made.secret


def test_two_keys_differ(wrapper: KeyWrapper) -> None:
    assert wrapper.make("main", "J").secret != wrapper.make("main", "J").secret


@pytest.mark.parametrize(("owner", "subject"), [("other", "J"), ("main", "K")])
def test_it_is_unwrapped_for_its_owner_and_subject_alone(
    wrapper: KeyWrapper, owner: str, subject: str
) -> None:
    made = wrapper.make("main", "J")
    with pytest.raises(Unavailable):
        wrapper.unwrap(owner, subject, made.wrapped)


def test_what_was_never_wrapped_is_not_unwrapped(wrapper: KeyWrapper) -> None:
    with pytest.raises(Unavailable):
        wrapper.unwrap("main", "J", bytes(60))


def test_a_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "personal.key"
    made = FileWrapper(path).make("main", "J")
    assert FileWrapper(path).unwrap("main", "J", made.wrapped) == made.secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "personal.key"
    FileWrapper(path).make("main", "J")
    path.chmod(0o640)
    with pytest.raises(KeyFileNotPrivate):
        FileWrapper(path).make("main", "J")


# Keys of a container.


def test_what_one_container_seals_another_opens(world: World) -> None:
    sealed = keys(world).seal(PLACE, SAID)
    assert opened(keys(world), sealed) == SAID


def test_a_key_is_kept_wrapped_alone(world: World) -> None:
    of = keys(world)
    of.seal(PLACE, SAID)
    (known,) = of._known.values()
    (row,) = KeyRow.query("main#personal")
    assert row.to_simple_dict().keys() >= {"key_id", "wrapped", "made_at"}
    assert known.key.secret.hex() not in str(row.to_simple_dict())


def test_two_that_make_a_key_at_once_go_on_with_one(world: World) -> None:
    mine, theirs = keys(world), keys(world)
    meanwhile: list[dict[str, str]] = []

    with before("PutItem", "system", lambda: meanwhile.append(theirs.seal(PLACE, SAID))):
        sealed = mine.seal(PLACE, SAID)

    assert sealed["key"] == meanwhile[0]["key"]
    assert opened(keys(world), sealed) == opened(keys(world), meanwhile[0]) == SAID


def test_a_key_whose_reply_was_lost_is_ones_own(world: World) -> None:
    with every_write_retried():
        sealed = keys(world).seal(PLACE, SAID)
    assert opened(keys(world), sealed) == SAID


def test_a_key_is_read_once_and_again_after_five_minutes(world: World) -> None:
    of = keys(world)
    of.seal(PLACE, SAID)
    with recorded() as calls:
        world.clock.move(LIFETIME - timedelta(seconds=1))
        of.seal(PLACE, SAID)
        assert calls.made == []
        world.clock.move(timedelta(seconds=1))
        of.seal(PLACE, SAID)
    assert calls.made == ["GetItem system", "Decrypt"]


def test_a_clock_that_is_set_back_lets_no_key_live_longer(world: World) -> None:
    of = keys(world)
    of.seal(PLACE, SAID)
    world.clock.move(-timedelta(hours=1))
    with recorded() as calls:
        of.seal(PLACE, SAID)
    assert calls.made == ["GetItem system", "Decrypt"]


def test_no_more_than_a_thousand_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.journal.erasure.keys._MOST_KEYS", 3)
    of = DataKeys(
        store=KeyStore(), wrapper=KmsWrapper(), clock=TestClock(), random_bytes=os.urandom
    )
    for subject in "ABC":
        of._remember("main", subject, DataKey(subject, b""), NOON)
    assert of.remembered("main", ["A"])
    of._remember("main", "D", DataKey("D", b""), NOON)
    assert set(of.remembered("main", "ABCD")) == {"A", "C", "D"}


def test_what_came_of_a_task_is_sealed_under_its_key(world: World) -> None:
    of = keys(world)
    assert of.seal(PLACE, SAID)["key"] == of.seal(Place("main", "J-001", "f"), SAID)["key"]


def test_owners_share_no_key(world: World) -> None:
    of = keys(world)
    assert of.seal(PLACE, SAID)["key"] != of.seal(Place("other", "J", "e"), SAID)["key"]


# Erasing.


def test_an_erased_key_is_gone_and_its_row_says_how(world: World) -> None:
    keys(world).seal(PLACE, SAID)
    erase()
    stored = KeyStore().find("main", "J")
    assert stored
    assert (stored.wrapped, stored.erasing) == (None, Erasing("T", "token:test", NOON))
    (row,) = KeyRow.query("main#personal")
    assert "wrapped" not in row.to_simple_dict() or row.wrapped is None


def test_nothing_is_sealed_under_an_erased_key(world: World) -> None:
    of = keys(world)
    of.seal(PLACE, SAID)
    erase()
    world.clock.move(LIFETIME)
    with pytest.raises(Erased):
        of.seal(PLACE, SAID)


def test_nobody_puts_another_key_in_its_place(world: World) -> None:
    keys(world).seal(PLACE, SAID)
    erase()
    with pytest.raises(Erased):
        keys(world).seal(PLACE, SAID)
    assert len(list(KeyRow.query("main#personal"))) == 1


def test_a_key_that_is_erased_while_it_is_made_seals_nothing(world: World) -> None:
    theirs = keys(world)

    def meanwhile() -> None:
        theirs.seal(PLACE, SAID)
        erase()

    with before("PutItem", "system", meanwhile), pytest.raises(Erased):
        keys(world).seal(PLACE, SAID)
