"""Guard: how often nodes may begin, and what becomes of those whose attempts fail."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from chalicelib.errors import Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.pairing import events, limits
from chalicelib.nodes.pairing.alarm import PairingAlarm
from chalicelib.nodes.pairing.code import PairingCode
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.refusals import PairingUnavailable, SlowDown
from chalicelib.nodes.pairing.session import Origin, PairingSession
from chalicelib.nodes.pairing.store import PairingStore

_BEGINS, _FAILURES = "begins", "failures"
_ADDRESS_CHARACTERS = 16
_TRIES = 4
# Beyond this nothing changes any more, and nothing more is counted.
_MOST_COUNTED = 2


@dataclass(kw_only=True, eq=False, repr=False)
class Guard:
    """Counts what nodes begin, and what fails."""

    store: PairingStore
    padding: Padding
    journal: JournalStore
    alarm: PairingAlarm

    def admit(self, origin: Origin, attempt: str, now: datetime) -> None:
        """Let an attempt come to the code; first the address is asked, then the whole gateway.

        Raises:
            SlowDown: the address begins too often.
            Unavailable: DynamoDB did not answer.
        """
        minute, most = limits.MINUTE, limits.BEGINS_OF_ADDRESS
        address = f"{_BEGINS}#{_named(origin)}"
        counted = {address: minute, _BEGINS: minute, _FAILURES: limits.FAILURES_IN}
        seen = self.store.lately(counted, now)
        near = seen[address]
        if self.store.count(address, attempt, most, minute, now, near) is None:
            raise SlowDown(limits.until_room(near.all, most, minute, now))
        most_of_all = _MOST_COUNTED * limits.BEGINS
        all_ = self.store.count(_BEGINS, attempt, most_of_all, minute, now, seen[_BEGINS])
        is_flooded = all_ is None or all_ > limits.BEGINS
        if is_flooded or len(seen[_FAILURES].all) >= limits.FAILURES:
            self.padding.slow()

    def refuse(
        self, code: PairingCode | None, attempt: str, reason: str, origin: Origin, now: datetime
    ) -> NoReturn:
        """Write down that an attempt failed, and refuse it.

        Raises:
            PairingUnavailable: always.
            Unavailable: AWS did not answer.
        """
        is_counted = self.count_failure(attempt, now)
        # Attempts on a code are few; those on none are as many as strangers like.
        if code is not None or is_counted:
            self._tell(events.refused(code, attempt, reason, origin, now))
        raise PairingUnavailable

    def refuse_replay(self, session: PairingSession, what: str, now: datetime) -> NoReturn:
        """Write down, once for each session, that a message came again or too late; refuse it.

        Raises:
            PairingUnavailable: always.
            Unavailable: AWS did not answer.
        """
        if self.store.note_replay(session):
            self._tell(events.replayed(session, what, now))
        raise PairingUnavailable

    def _tell(self, event: Event) -> None:
        """Write an event down; a journal that many write to is no reason for another answer.

        Whoever loses a position has seen another event win it, and no window has room for as many
        refusals as these are tries.
        """
        for _ in range(_TRIES - 1):
            with suppress(Unavailable):
                self.journal.append(event)
                return
        self.journal.append(event)

    def count_failure(self, attempt: str, now: datetime) -> bool:
        """Count a failed attempt, a ULID of its instant, and say whether there was room for it."""
        lasts, most = limits.FAILURES_IN, _MOST_COUNTED * limits.FAILURES
        seen = self.store.lately({_FAILURES: lasts}, now)[_FAILURES]
        failures = self.store.count(_FAILURES, attempt, most, lasts, now, seen)
        if failures == limits.FAILURES:
            self.alarm.guessing(limits.window(now, lasts), now)
        return failures is not None


def _named(origin: Origin) -> str:
    site = limits.site(origin.address).encode()
    return hashlib.sha256(site).hexdigest()[:_ADDRESS_CHARACTERS]
