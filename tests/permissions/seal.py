"""What the sealer does."""

from datetime import timedelta

from chalicelib.journal.event import Event
from chalicelib.journal.seal import STREAM
from chalicelib.journal.store import JournalRow, JournalStore
from tests.functions.invoke import journal_seal
from tests.permissions.recorder import Recorder
from tests.support.world import World


def happen(world: World, name: str) -> None:
    JournalStore().append(
        Event(id=name, owner="main", kind="a.b", actor="x:y", subject="J", at=world.clock.now())
    )


def sealing(world: World, record: Recorder) -> None:
    with record():
        assert journal_seal()["seal"] == 1
    happen(world, "a")
    with record():
        assert journal_seal()["events"] == 1
    happen(world, "b")
    with record():
        assert journal_seal()["broken"] == 0


def finding_what_is_broken(world: World, record: Recorder) -> None:
    for name in ("a", "b"):  # The second time, the incident is seen again.
        happen(world, name)
        journal_seal()
        for row in [row for row in JournalRow.scan() if row.pk != STREAM]:
            row.delete()
        with record():
            assert journal_seal()["broken"] == 1


def coming_late(world: World, record: Recorder) -> None:
    journal_seal()
    world.at(20)
    with record():
        assert journal_seal()["seal"] == 2


def moving_what_is_old(world: World, record: Recorder) -> None:
    for name in ("a", "b"):
        happen(world, name)
        journal_seal()
    journal_seal()
    world.clock.move(timedelta(days=402))
    with record():
        assert journal_seal()["moved"] == 1


FLOWS = (sealing, finding_what_is_broken, coming_late, moving_what_is_old)
