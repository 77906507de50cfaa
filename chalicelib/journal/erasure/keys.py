"""DataKeys: the data keys of subjects, made once, and remembered by a container for a short while.

A key is put before the first event that is sealed under it, and only where there is none: of two
containers that make one at once, both go on with the one that stands. What a container remembers it
forgets within five minutes, so that a key that was erased is soon known to nobody.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.clock import Clock
from chalicelib.errors import Conflict
from chalicelib.journal.erasure.store import KeyStore, StoredKey
from chalicelib.journal.erasure.wrapping import KeyWrapper
from chalicelib.journal.personal import DataKey, Place, seal

LIFETIME = timedelta(minutes=5)
_MOST_KEYS = 1_000
_ID_BYTES = 10


class Erased(Conflict):
    """What is known of this was erased."""


class _Known(NamedTuple):
    """A key, and when this container began to read it."""

    key: DataKey
    at: datetime


@dataclass(kw_only=True, eq=False, repr=False)
class DataKeys:
    """The data keys of one stage, as one container knows them."""

    store: KeyStore
    wrapper: KeyWrapper
    clock: Clock
    random_bytes: Callable[[int], bytes]
    _known: OrderedDict[tuple[str, str], _Known] = field(init=False, default_factory=OrderedDict)

    def seal(self, place: Place, personal: Mapping[str, Any]) -> dict[str, str]:
        """Return the personal details of an event as it holds them.

        Raises:
            Erased: what is known of the subject was erased.
            Unavailable: AWS did not answer.
        """
        key = self._for_writing(place.owner, place.root)
        return seal(key, place, personal, self.random_bytes)

    def opened(self, owner: str, stored: StoredKey, begun: datetime) -> DataKey | None:
        """Return a key as it can be used, or None where it was erased.

        Args:
            owner: whose subject.
            stored: the key as its row says.
            begun: an instant before the row was read. It is remembered from then on: whoever is
                frozen between the two must not remember for longer what was erased meanwhile.

        Raises:
            Unavailable: AWS did not answer.
        """
        if stored.wrapped is None:
            return None
        secret = self.wrapper.unwrap(owner, stored.subject, stored.wrapped)
        return self._remember(owner, stored.subject, DataKey(stored.id, secret), begun)

    def remembered(self, owner: str, subjects: Iterable[str]) -> dict[str, DataKey]:
        """Return the keys of those of these subjects that this container still knows."""
        known = {subject: self._recall(owner, subject) for subject in subjects}
        return {subject: key for subject, key in known.items() if key is not None}

    def forget(self) -> None:
        """Forget all keys."""
        self._known.clear()

    def _for_writing(self, owner: str, subject: str) -> DataKey:
        known = self._recall(owner, subject)
        if known is not None:
            return known
        begun = self.clock.now()
        stored = self.store.find(owner, subject)
        if stored is None:
            made = self.wrapper.make(owner, subject)
            mine = StoredKey(subject=subject, id=self._new_id(), wrapped=made.wrapped)
            stored = self.store.put(owner, mine, begun)
            if stored.id == mine.id:
                return self._remember(owner, subject, DataKey(mine.id, made.secret), begun)
        if stored.wrapped is None:
            raise Erased(
                f"what is known of {subject!r:.80} was erased",
                fix="leave the reason out; or make a new job or task",
            )
        secret = self.wrapper.unwrap(owner, subject, stored.wrapped)
        return self._remember(owner, subject, DataKey(stored.id, secret), begun)

    def _recall(self, owner: str, subject: str) -> DataKey | None:
        known = self._known.get((owner, subject))
        if known is None:
            return None
        # A clock that was set back must not let a key live longer.
        if not known.at <= self.clock.now() < known.at + LIFETIME:
            del self._known[owner, subject]
            return None
        self._known.move_to_end((owner, subject))
        return known.key

    def _remember(self, owner: str, subject: str, key: DataKey, begun: datetime) -> DataKey:
        self._known[owner, subject] = _Known(key, begun)
        self._known.move_to_end((owner, subject))
        while len(self._known) > _MOST_KEYS:
            self._known.popitem(last=False)
        return key

    def _new_id(self) -> str:
        return self.random_bytes(_ID_BYTES).hex()
