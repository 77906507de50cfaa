"""What operators wrote about incidents can be erased; what became of the incidents stays."""

import pytest

from chalicelib.errors import NotFound
from chalicelib.functions.wiring import healing
from chalicelib.healing.service import Operator
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Change, RuntimeIncidentRecord, Sighting
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.erasure.keys import Erased
from tests.background.test_erasure import a_container, ask, carried_out, erasures, readable
from tests.support.world import MINUTE, World

ADMIN = Operator("main", "token:laptop", is_admin=True)
WHY = "Ada has restarted it"


def seen(world: World, owner: str = "main", times: int = 1) -> RuntimeIncidentRecord:
    fault = Sighting(
        owner=owner,
        kind=kinds.DEAD_WORK,
        dedupe_key="dead:T",
        occurrence=f"T/{times}",
        summary="work died",
        detail="its worker is gone",
        evidence={},
    )
    return IncidentStore().raise_(fault, world.clock.now())


def resolved(world: World, owner: str = "main", why: str = WHY) -> str:
    found = seen(world, owner)
    healing.incidents(a_container(world)).resolve(ADMIN, found.id, why, None)
    return found.id


def told(owner: str, id_: str) -> list[tuple[Change, str, str]]:
    return [(each.change, each.reason, each.by) for each in IncidentStore().history(owner, id_)]


@pytest.mark.parametrize("owner", ["main", "system"])
def test_why_an_incident_was_resolved_is_readable_nowhere_at_the_end(
    world: World, owner: str
) -> None:
    id_ = resolved(world, owner)
    assert readable()
    assert world.personal("incident.resolved") == [{"reason": WHY}]

    carried_out(world, ask(world, id_))

    assert readable() == []
    assert told(owner, id_) == [
        (Change.RESOLVED, "resolved by an operator", "token:laptop"),
        (Change.OPENED, "work died", ""),
    ]


def test_each_of_many_resolutions_is_erased(world: World) -> None:
    for times in range(3):
        id_ = seen(world, times=times).id
        healing.incidents(a_container(world)).resolve(ADMIN, id_, f"{WHY}, again", None)
        world.clock.move(MINUTE)

    carried_out(world, ask(world, id_))

    assert readable() == []
    assert len(told("main", id_)) == 6


def test_an_incident_that_comes_back_is_resolved_without_a_reason(world: World) -> None:
    id_ = resolved(world)
    carried_out(world, ask(world, id_))
    service = healing.incidents(a_container(world))
    seen(world, times=2)

    with pytest.raises(Erased) as refused:
        service.resolve(ADMIN, id_, WHY, None)

    assert "leave the reason out" in refused.value.fix
    assert not service.resolve(ADMIN, id_, "", None).is_active


def test_another_owners_incident_is_not_there(world: World) -> None:
    id_ = resolved(world)
    fields = {"subject": id_, "reason": "asked for"}
    with pytest.raises(NotFound):
        erasures(world).ask("other", "token:other", fields)


def test_what_belongs_to_the_stage_is_erased_by_the_first_owner_alone(world: World) -> None:
    id_ = resolved(world, "system")
    fields = {"subject": id_, "reason": "asked for"}
    with pytest.raises(NotFound):
        erasures(world).ask("other", "token:other", fields)
