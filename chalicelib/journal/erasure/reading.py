"""PersonalReader: what is personal of entries, for readers who may see it.

The entries of a page are opened together: the keys of their subjects are read at once, and those
that no reader has opened lately are unwrapped one by one, a bounded number for each page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.journal.entry import Entry
from chalicelib.journal.erasure.keys import DataKeys
from chalicelib.journal.erasure.store import KeyStore, StoredKey
from chalicelib.journal.personal import ERASED, UNOPENED, UNREADABLE, DataKey, Unopened, unseal

_MOST_UNWRAPPED = 50

type Personal = Mapping[str, Any] | str | None


@dataclass(kw_only=True, eq=False, repr=False)
class PersonalReader:
    """Opens what is personal."""

    store: KeyStore
    keys: DataKeys

    def opened(self, entries: Sequence[Entry]) -> list[Personal]:
        """Return what is personal of each of an owner's entries.

        It is the details; or None where there are none, `erased`, `unreadable` where the key is
        not there although nobody erased it, and `sealed` where it was not opened: KMS did not
        answer, or the page has more than 50 subjects. One such entry can be read by itself.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        sealed = [entry for entry in entries if entry.sealed]
        if not sealed:
            return [None] * len(entries)
        owner = sealed[0].place.owner
        roots = list(dict.fromkeys(entry.place.root for entry in sealed))
        known, begun = self.keys.remembered(owner, roots), self.keys.clock.now()
        stored = self.store.find_all(owner, [root for root in roots if root not in known])
        waiting = self._unwrap(owner, stored, known, begun)
        return [self._shown(entry, known, stored, waiting) for entry in entries]

    def _unwrap(
        self,
        owner: str,
        stored: Mapping[str, StoredKey],
        known: dict[str, DataKey],
        begun: datetime,
    ) -> set[str]:
        """Add keys to those that are known; return whose are left."""
        wanted = [key for key in stored.values() if key.wrapped is not None]
        try:
            for key in wanted[:_MOST_UNWRAPPED]:
                opened = self.keys.opened(owner, key, begun)
                if opened is not None:
                    known[key.subject] = opened
        except Unavailable:
            # The page is worth more than what is personal in it.
            pass
        return {key.subject for key in wanted if key.subject not in known}

    def _shown(
        self,
        entry: Entry,
        known: Mapping[str, DataKey],
        stored: Mapping[str, StoredKey],
        waiting: set[str],
    ) -> Personal:
        if not entry.sealed:
            return None
        root = entry.place.root
        if root in waiting:
            return UNOPENED
        if root in stored and stored[root].erasing is not None:
            return ERASED if stored[root].id == entry.sealed.get("key") else UNREADABLE
        key = known.get(root)
        if key is None or key.id != entry.sealed.get("key"):
            return UNREADABLE
        try:
            return unseal(key, entry.place, str(entry.sealed.get("sealed")))
        except Unopened:
            return UNREADABLE
