"""Whether a key was erased as the journal says: the row of a key alone proves nothing.

Whoever can write the table could delete a key and say that it was erased. So the event of the
erasure must stand in the journal, which seals vouch for. And after the table was restored to an
earlier time an erased key is back, which its event contradicts.
"""

from dataclasses import dataclass, field

from chalicelib.clock import WORST_SKEW
from chalicelib.journal.erasure.store import Erasing, KeyStore, StoredKey
from chalicelib.journal.event import Event, audit_stream, stream_of
from chalicelib.journal.personal import EVENT_KIND, KeyState
from chalicelib.journal.store import JournalStore

_MOST_REMEMBERED = 10_000


def event_id(erasing: Erasing) -> str:
    """Return the id of the event of an erasure."""
    return f"{erasing.task_id}/erased"


@dataclass(kw_only=True, eq=False, repr=False)
class KeyVoucher:
    """Says what became of one owner's keys; it is made anew for each look at a journal."""

    owner: str
    store: KeyStore
    journal: JournalStore
    _seen: dict[str, tuple[str, KeyState]] = field(init=False, default_factory=dict)

    def state(self, subject: str, key: str | None = None) -> KeyState:
        """Return what became of the key of a job or task.

        Args:
            subject: the job or task.
            key: the id that events name the key by; None for whichever it has.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        if subject not in self._seen:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()
            self._seen[subject] = self._look(subject)
        its_key, state = self._seen[subject]
        return state if key in {None, its_key} else KeyState.MISSING

    def _look(self, subject: str) -> tuple[str, KeyState]:
        stored = self.store.find(self.owner, subject)
        if stored is None:
            return "", KeyState.MISSING
        if stored.erasing is None:
            return stored.id, KeyState.KEPT if stored.wrapped else KeyState.MISSING
        is_told = self._is_told(stored, stored.erasing)
        return stored.id, KeyState.ERASED if is_told else KeyState.MISSING

    def _is_told(self, stored: StoredKey, erasing: Erasing) -> bool:
        stream = audit_stream(self.owner, stream_of(stored.subject))
        if stored.seq is not None and (entry := self.journal.entry(stream, stored.seq)):
            return (entry.id, entry.kind) == (event_id(erasing), EVENT_KIND)
        # It was not looked for yet.
        event = Event(
            id=event_id(erasing),
            owner=self.owner,
            kind=EVENT_KIND,
            actor="",
            subject=stored.subject,
            at=erasing.at,
        )
        return self.journal.holds(event, since=erasing.at - WORST_SKEW)
