"""A journal of which events were moved to S3."""

from datetime import timedelta

from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from tests.functions.invoke import journal_seal
from tests.support.world import World


def move_old_events(world: World) -> None:
    """Let two events of one subject happen, and the first of them be moved long afterwards."""
    for name in ("a", "b"):
        JournalStore().append(
            Event(id=name, owner="main", kind="a.b", actor="x:y", subject="J", at=world.clock.now())
        )
    for _ in range(2):
        journal_seal()
    # Nothing is looked for again within the hour.
    world.clock.move(timedelta(days=402))
    assert journal_seal()["moved"] == 1
