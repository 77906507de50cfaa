"""Events of tests, and journals that hold them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.journal.event import Event, stream_of
from chalicelib.journal.store import JournalStore
from tests.support.world import MINUTE, NOON

# A subject for each stream: their events meet no others.
SUBJECTS = {stream_of(f"S{number}"): f"S{number}" for number in range(99)}


def an_event(name: str, minutes: float = 0, **fields: Any) -> Event:
    """Return an event so many minutes after noon."""
    made: dict[str, Any] = {
        "id": name,
        "owner": "main",
        "kind": "test.happened",
        "actor": "token:laptop",
        "subject": "J",
        "at": NOON + minutes * MINUTE,
    }
    return Event(**made | fields)


def append(*events: Event) -> None:
    """Write events down in this order."""
    store = JournalStore()
    for event in events:
        store.append(event)


def one_a_minute(names: Iterable[str], **fields: Any) -> list[Event]:
    """Return events of all streams in turn, one a minute from noon on."""
    return [
        an_event(name, minute, **{"subject": SUBJECTS[minute % 8]} | fields)
        for minute, name in enumerate(names)
    ]
