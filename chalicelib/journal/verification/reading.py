"""Where a verification reads an owner's journal from: tables and buckets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.journal.erasure.vouching import KeyVoucher
from chalicelib.journal.personal import KeyState
from chalicelib.journal.seal import SignedSeal
from chalicelib.journal.seals.copies import SealCopies
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore
from chalicelib.journal.verify import Archived, Row


class Runs(Protocol):
    """What knows the runs that terminal events anchor; the wiring hands it in."""

    def fault(self, owner: str, finished: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the steps of a run, None where they have expired.

        Args:
            owner: whose run.
            finished: the run's terminal event, as it was written.
        """


@dataclass(kw_only=True, eq=False, repr=False)
class Reading:
    """One owner's journal, and the seals of the stage."""

    owner: str
    journal: JournalStore
    seal_store: SealStore
    seal_copies: SealCopies
    known_runs: Runs
    keys: KeyVoucher

    def rows(self, stream: str, after: int) -> Iterator[Row]:
        """Yield the events of a stream after a position that stand in the table, in order."""
        return self.journal.live(stream, after)

    def segments(self, stream: str, after: int) -> Iterator[Archived]:
        """Yield what S3 has of a stream after a position, in order."""
        for found in self.journal.segments.following(stream, after):
            left = tuple(self.journal.live(stream, found.signed.first - 1, found.last))
            yield found._replace(left=left)

    def seals(self, after: int) -> Iterator[SignedSeal]:
        """Yield the seals after a position, in order."""
        return self.seal_store.following(after)

    def copies(self, after: int) -> Iterator[tuple[int, str]]:
        """Yield position and link of each copy of a seal after a position, in order."""
        return self.seal_copies.since(after + 1)

    def payload(self, sha256: str) -> bytes | None:
        """Return what stands elsewhere under a digest, or None."""
        return self.journal.large.read(self.owner, sha256)

    def key(self, subject: str, key: str | None = None) -> KeyState:
        """Return what became of the key of a job or task."""
        return self.keys.state(subject, key)

    def run(self, finished: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the run of a terminal event, None where it has expired."""
        return self.known_runs.fault(self.owner, finished)
