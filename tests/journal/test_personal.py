"""What is personal is sealed for one event, and opens nowhere else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.journal.personal import (
    DataKey,
    NoSealer,
    Place,
    Unopened,
    root_of,
    seal,
    unseal,
)
from tests.journal.events import an_event

KEY = DataKey("k", bytes(range(32)))
PLACE = Place("main", "01M81J18G068RKEJVNQ9RFVHWP", "e")
OTHER = Place("other", "01M81J18G068RKEJVNQ9RFVHWX", "f")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Sealer:
    """Seals under one key, with nonces that are counted."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def seal(self, place: Place, personal: Mapping[str, Any]) -> Mapping[str, str]:
        self.places.append(place)
        return seal(KEY, place, personal, lambda n: len(self.places).to_bytes(n, "big"))


def sealed(place: Place = PLACE) -> str:
    return seal(KEY, place, {"name": "health"}, bytes)["sealed"]


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_what_was_sealed_is_opened_as_it_was(personal: dict[str, Any]) -> None:
    made = seal(KEY, PLACE, personal, bytes)
    assert made["key"] == "k"
    assert unseal(KEY, PLACE, made["sealed"]) == personal


@pytest.mark.parametrize("field", Place._fields)
def test_it_opens_for_its_owner_subject_and_event_alone(field: str) -> None:
    elsewhere = PLACE._replace(**{field: getattr(OTHER, field)})
    with pytest.raises(Unopened):
        unseal(KEY, elsewhere, sealed())


def test_names_that_run_into_each_other_are_told_apart() -> None:
    with pytest.raises(Unopened):
        unseal(KEY, Place("ma", "inJ", "e"), sealed(Place("main", "J", "e")))


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Unopened):
        unseal(DataKey("k", bytes(32)), PLACE, sealed())


@pytest.mark.parametrize("spoilt", ["", "AAAA", "no base64!", "é", sealed()[:-8] + "AAAAAAA="])
def test_what_was_changed_does_not_open(spoilt: str) -> None:
    with pytest.raises(Unopened):
        unseal(KEY, PLACE, spoilt)


@pytest.mark.parametrize(
    ("subject", "root"), [("J", "J"), ("J-001795348920", "J"), ("T-A-B", "T"), ("system", "system")]
)
def test_what_came_of_a_job_or_task_has_its_key(subject: str, root: str) -> None:
    assert root_of(subject) == root


def test_an_event_holds_what_is_personal_sealed() -> None:
    event = an_event("e", details={"from": "queued"}, personal={"reason": "Ada asked"})

    content = json.loads(event.content(Sealer()))

    assert content["details"] == {"from": "queued"}
    assert "Ada" not in json.dumps(content)
    place = Place("main", "J", "e")
    assert unseal(KEY, place, content["personal"]["sealed"]) == {"reason": "Ada asked"}


def test_secrets_are_redacted_before_anything_is_sealed() -> None:
    event = an_event("e", personal={"reason": "my token is ghp_" + "a1B2" * 9})
    content = json.loads(event.content(Sealer()))
    opened = unseal(KEY, Place("main", "J", "e"), content["personal"]["sealed"])
    assert "ghp_" not in opened["reason"]
    assert "[redacted:" in opened["reason"]


def test_an_event_without_anything_personal_has_nothing_sealed() -> None:
    assert "personal" not in json.loads(an_event("e").content())


def test_what_is_personal_is_never_written_in_clear_for_want_of_a_sealer() -> None:
    with pytest.raises(NoSealer):
        an_event("e", personal={"reason": "Ada asked"}).content()
