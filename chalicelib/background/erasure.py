"""The kind of task that erases what is known of a job or task, and of all that came of it.

First the data key is erased, in one transaction with the event that says so; then every room takes
from its rows what somebody could read. The task ends only when no container can remember the key
any longer: once it has succeeded, nothing of it can be read anywhere. Killed anywhere, it begins
again and finds what was done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.background import late
from chalicelib.background.kinds import Conclusion, Continuation, Ending
from chalicelib.background.lease import Lease
from chalicelib.background.payloads import Payloads
from chalicelib.background.store import End
from chalicelib.background.task import State, Task
from chalicelib.clock import WORST_SKEW, Clock
from chalicelib.errors import Unavailable
from chalicelib.journal.erasure.keys import LIFETIME
from chalicelib.journal.erasure.store import Erasing, Erasure, KeyStore, Pass, StoredKey
from chalicelib.journal.erasure.vouching import event_id
from chalicelib.journal.event import Event, audit_stream, stream_of
from chalicelib.journal.personal import EVENT_KIND
from chalicelib.journal.store import JournalStore
from chalicelib.tables import Cancelled

KIND = late.ERASURE
_TRIES = 5
_BATCH = 100
# Who erased the key and who waits may have clocks that differ, each by the worst skew.
FORGOTTEN_AFTER = LIFETIME + 2 * WORST_SKEW
_PART_LASTS = timedelta(seconds=60)
_LOOKS_AGAIN = timedelta(minutes=5)


class Part(NamedTuple):
    """What a room has erased.

    Attributes:
        after: how far it has come, to go on behind that; empty where it must begin again.
        is_open: something here has not ended, and could not be erased.
    """

    after: str = ""
    is_open: bool = False


class Room(Protocol):
    """What holds something of subjects; the wiring fills the registry."""

    def holds(self, owner: str, subject: str) -> bool:
        """Return whether there is something of a job or task here.

        Raises:
            Conflict: it may not be erased yet.
        """

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase what is here, part by part, of which none takes longer than a minute.

        Args:
            owner: whose subject.
            subject: the job or task.
            after: how far an earlier worker has come, or empty.

        Raises:
            Unavailable: AWS did not answer.
        """


@dataclass(kw_only=True, eq=False, repr=False)
class SubjectErasure:
    """Carries out erasures.

    Attributes:
        rooms: by their names, in the order in which they erase.
    """

    rooms: Mapping[str, Room]
    keys: KeyStore
    journal: JournalStore
    payloads: Payloads
    clock: Clock
    conclusion: Conclusion

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation:
        """Erase a subject.

        Raises:
            LostClaim: the task was taken away.
            Unavailable: AWS did not answer.
            Conflict: the subject may not be erased any more.
        """
        erasure = self._begun(task)
        passed = self._pass(task.ref.owner, erasure, lease)
        now, over = self.clock.now(), erasure.erased_at + FORGOTTEN_AFTER
        if passed.rooms < len(self.rooms):
            return self._go_on(task, erasure, passed, now)
        if passed.is_open:
            return self._go_on(task, erasure, None, now + _LOOKS_AGAIN)
        if passed.begun_at < over:
            # Some container may still remember the key, and some worker be on its last write.
            return self._go_on(task, erasure, None, max(now, over))
        self.keys.keep(task.ref.owner, replace(erasure, progress=None, done_at=now))
        return Ending(end=End(State.SUCCEEDED, task.outcome, ""))

    def _begun(self, task: Task) -> Erasure:
        owner, payload = task.ref.owner, self.payloads.read(task)
        known = self.keys.erasure(owner, task.ref.id)
        erasing = self._erase_key(task, payload["subject"], payload["reason"])
        erasure = Erasure(
            task_id=task.ref.id,
            subject=payload["subject"],
            reason=payload["reason"],
            by=task.requested_by,
            erased_at=erasing.at,
            progress=known.progress if known else None,
        )
        if known is None:
            self.keys.keep(owner, erasure)
        return erasure

    def _go_on(
        self, task: Task, erasure: Erasure, progress: Pass | None, at: datetime
    ) -> Continuation:
        self.keys.keep(task.ref.owner, replace(erasure, progress=progress))
        return Continuation(at)

    def _erase_key(self, task: Task, subject: str, reason: str) -> Erasing:
        """Erase the key with its event, unless that was done; return how it was."""
        owner = task.ref.owner
        for _ in range(_TRIES):
            stored = self.keys.find(owner, subject)
            if stored is not None and stored.erasing is not None:
                self._locate(owner, stored, stored.erasing)
                return stored.erasing
            for room in self.rooms.values():
                room.holds(owner, subject)
            erasing = Erasing(task.ref.id, task.requested_by, self.clock.now())
            # One that never had a key has none from now on.
            key = stored or StoredKey(subject=subject, id=f"none/{task.ref.id}", wrapped=None)
            write = self.keys.erasing(owner, key, erasing, is_new=stored is None)
            try:
                self.journal.append_with(_erased(task, key, erasing, reason), [write])
            except Cancelled:
                continue
        raise Unavailable("the key is contended", fix="try again")

    def _pass(self, owner: str, erasure: Erasure, lease: Lease) -> Pass:
        """Go on through the rooms; return how far that came."""
        at = erasure.progress or Pass(self.clock.now())
        for room in list(self.rooms.values())[at.rooms :]:
            parts = room.erase(owner, erasure.subject, at.after)
            while True:
                if lease.must_stop_before(_PART_LASTS):
                    return at
                with lease.step(_PART_LASTS):
                    part = next(parts, None)
                if part is None:
                    break
                at = at._replace(after=part.after, is_open=at.is_open or part.is_open)
            at = at._replace(rooms=at.rooms + 1, after="")
        return at

    def _locate(self, owner: str, stored: StoredKey, erasing: Erasing) -> None:
        """Note where the event of an erasure stands, by which verification vouches for it."""
        if stored.seq is not None:
            return
        stream = audit_stream(owner, stream_of(stored.subject))
        before: int | None = None
        while found := self.journal.newest(stream, before, _BATCH):
            for entry in found:
                if entry.id == event_id(erasing):
                    self.keys.located(owner, stored.subject, entry.seq)
                    return
            before = found[-1].seq
            if found[-1].at < erasing.at - WORST_SKEW:
                return


def _erased(task: Task, key: StoredKey, erasing: Erasing, reason: str) -> Event:
    """Return the event of an erasure; why it was asked for stays, and is for all to read."""
    return Event(
        id=event_id(erasing),
        owner=task.ref.owner,
        kind=EVENT_KIND,
        actor=task.requested_by or "system:daemon",
        subject=key.subject,
        at=erasing.at,
        details={"key": key.id, "task": task.ref.id, "reason": reason},
    )
