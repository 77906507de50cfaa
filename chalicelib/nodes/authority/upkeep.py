"""AuthorityUpkeep: whoever comes once a minute sees that the authorities look after themselves.

What the table says of the authorities is what the front has to trust: one whose time is over
leaves the truststore, and whatever else is found there is put right. The issuer does it, since it
alone may write the truststore; here is only seen that it has to. Nothing is remembered of it: who
dies on the way leaves a difference that the next one sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.clock import Clock
from chalicelib.nodes.authority.alarm import AuthorityAlarm
from chalicelib.nodes.authority.store import Authority, AuthorityStore, Head
from chalicelib.nodes.authority.truststore import Truststore, strangers, trusted

EVERY = timedelta(minutes=5)
# To order, prepare and switch an authority, and to let every front know it.
ENDS_SOON = timedelta(days=90)


class Publisher(Protocol):
    """Who may write the truststore."""

    def publish(self) -> Sequence[str]:
        """Let the front trust the authorities of the table, and no others.

        Raises:
            Unavailable: it cannot be reached.
        """


@dataclass(kw_only=True, eq=False, repr=False)
class AuthorityUpkeep:
    """Looks at the authorities, and at what the front trusts.

    Attributes:
        truststore: which is only read here.
        issuer: who writes it.
    """

    store: AuthorityStore
    truststore: Truststore
    issuer: Publisher
    alarm: AuthorityAlarm
    clock: Clock
    _looked_at: datetime | None = field(init=False, default=None)

    def run(self) -> int:
        """Return 1 where the issuer had to be asked, and 0 where all was well.

        A container looks every five minutes.

        Raises:
            Unavailable: AWS did not answer.
        """
        now = self.clock.now()
        if self._looked_at and now - self._looked_at < EVERY:
            return 0
        head = self.store.head()
        asked = self._look(head, now) if head else 0
        self._looked_at = now
        return asked

    def _look(self, head: Head, now: datetime) -> int:
        known = self.store.known()
        self._tell_of_the_end(head, known, now)
        there = self.truststore.get()
        if foreign := strangers(known, there or ""):
            self.alarm.stranger(foreign, now)
        if there == trusted(known, now) and not any(each.is_over(now) for each in known):
            return 0
        self.issuer.publish()
        return 1

    def _tell_of_the_end(self, head: Head, known: Sequence[Authority], now: datetime) -> None:
        for each in known:
            if each.key_id == head.signing and each.ends_at() < now + ENDS_SOON:
                self.alarm.ending(each, now)
