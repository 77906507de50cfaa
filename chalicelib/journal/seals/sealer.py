"""Sealer: puts the next seal, and says what does not go on from the one before.

A seal is put even where something is broken: what happens from now on must be vouched for, and what
was changed keeps contradicting the older seals. The incident comes first. Two sealers at once put
one seal: the position is taken once, and each copies the one that stands there.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.clock import Clock, rfc3339
from chalicelib.journal.chain import Head
from chalicelib.journal.faults import LATE_KEY, Alarm, JournalFault
from chalicelib.journal.seal import (
    LATE,
    Seal,
    SignedSeal,
    message,
    moved_back,
    own_faults,
    place,
)
from chalicelib.journal.seals.copies import Copy, SealCopies
from chalicelib.journal.seals.signing import SealSigner, Signatures, fingerprint, signature
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore

_log = logging.getLogger("palyra.seals")
_BROKEN = (
    "Somebody changed what may never change, or a table was restored. Run the task journal_verify, "
    "which names the first event that is not as it was sealed, before anything is mended."
)
_LATE = "Events were not sealed in time; see whether the function journal_seal runs."


@dataclass(kw_only=True, eq=False, repr=False)
class Sealer:
    """Seals all streams of a stage."""

    seals: SealStore
    copies: SealCopies
    journal: JournalStore
    signer: SealSigner
    signatures: Signatures
    alarm: Alarm
    clock: Clock

    def run(self) -> dict[str, int]:
        """Put the next seal and its copy; return how much it seals, and what was broken.

        Raises:
            Unavailable: AWS did not answer; the next run puts what is missing.
        """
        known, before = self._known()
        heads = self._heads(before)
        faults = [*self._faults(before, heads), *_set_back(known, before)]
        if faults and self.seals.last() != before:
            # Another one has sealed meanwhile, and has said what it found; old events may be moved
            # by now that this one looked for.
            faults = []
        now = self.clock.now()
        last = before.at if before else None
        if last is not None and now - last > LATE:
            self.alarm.tell(late(last, now))
        for fault in faults:
            _log.error("the journal is broken", extra={"fault": fault.what})
            self.alarm.tell(fault)
        self._copy_if_missing(before, known)
        # Clocks differ, and no seal is older than the one before it.
        standing = self.seals.put(self._next(before, heads, max(now, last or now)))
        self.copies.put(standing)
        # Not only where this one was late: the one that was may have died in between, and a watch
        # may have told of it a moment ago.
        self.alarm.late_is_over()
        return {
            "seal": standing.seq,
            "streams": len(heads),
            "events": sum(head.seq for head in heads.values()),
            "broken": len(faults),
        }

    def _known(self) -> tuple[list[Copy], SignedSeal | None]:
        """Return the newest copies, and the newest seal.

        Copies are read first: one of a seal that another sealer puts meanwhile is not ahead.
        """
        seen = self.seals.last()
        known = list(self.copies.since(seen.seq if seen else 0))
        return known, self.seals.last()

    def _heads(self, before: SignedSeal | None) -> dict[str, Head]:
        # What was sealed once is looked for, whatever the register says by now.
        names = {*self.journal.streams(), *(before.heads if before else ())}
        found = {name: self.journal.head(name) for name in sorted(names)}
        return {name: head for name, head in found.items() if head.seq}

    def _faults(self, before: SignedSeal | None, heads: dict[str, Head]) -> Iterator[JournalFault]:
        """Yield what contradicts the seal before, or is wrong with it."""
        if before is None:
            return
        for what in own_faults(before, self.signatures.valid):
            yield _fault("seal", before.seq, f"seal {before.seq}: {what}")
        sealed = before.heads
        grown = {
            name: head.seq
            for name, head in sealed.items()
            if name in heads and heads[name].seq > head.seq
        }
        then = {name: head for name, head in heads.items() if name not in grown}
        # Where a stream goes on, the event that was its last one must still be the same.
        then |= self.seals.links(grown.items())
        for name, what in moved_back(sealed, then):
            yield _fault(name, before.seq, what)

    def _next(self, before: SignedSeal | None, heads: dict[str, Head], at: datetime) -> SignedSeal:
        seal = Seal(
            at=at,
            heads=heads,
            previous_signature=before.signature if before else "",
            key=fingerprint(self.signer.public_key()),
        )
        content = seal.content()
        seq, previous, link = place(content, before)
        return SignedSeal(
            seq=seq,
            content=content,
            previous=previous,
            link=link,
            signature=signature(self.signer, message(link)),
        )

    def _copy_if_missing(self, before: SignedSeal | None, known: list[Copy]) -> None:
        """Copy a seal whose sealer died before it could."""
        if before is not None and Copy(before.seq, before.link) not in known:
            self.copies.put(before)


def _set_back(known: list[Copy], before: SignedSeal | None) -> Iterator[JournalFault]:
    seq = before.seq if before else 0
    for copy in known:
        if copy.seq > seq:
            what = f"the table's last seal is {seq}, and S3 knows seal {copy.seq}"
            yield _fault("set-back", copy.seq, what)
            return
        if before is not None and copy.seq == seq and copy.link != before.link:
            yield _fault("copy", seq, f"seal {seq} is not the one that was copied to S3")


def _fault(where: str, seq: int, what: str) -> JournalFault:
    return JournalFault(
        key=f"broken:{where}",
        occurrence=f"{where}/{seq}",
        what=what,
        detail=_BROKEN,
        is_broken=True,
        evidence={"seal": str(seq)},
    )


def late(last: datetime | None, now: datetime) -> JournalFault:
    """Return the fault of there being no seal since an instant."""
    since = rfc3339(last) if last else "the beginning"
    return JournalFault(
        key=LATE_KEY,
        occurrence=f"late/{since}",
        what=f"Nothing was sealed since {since}",
        detail=_LATE,
        is_broken=False,
        evidence={"since": since, "seen": rfc3339(now)},
    )
