"""What seals the journal, what checks its seals, and what moves events that are old and sealed."""

from datetime import timedelta
from functools import cache

from chalicelib.functions.wiring.container import Container
from chalicelib.incidents.journal_faults import JournalIncidents
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.retention.mover import Mover
from chalicelib.journal.retention.store import Turns
from chalicelib.journal.seals.copies import SealCopies
from chalicelib.journal.seals.sealer import Sealer
from chalicelib.journal.seals.signing import KmsSigner, SealSigner, Signatures
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore


@cache
def sealer(of: Container) -> Sealer:
    """Return what seals."""
    return Sealer(
        seals=SealStore(),
        copies=copies(of),
        journal=JournalStore(),
        signer=signer(of),
        signatures=signatures(of),
        alarm=alarm(of),
        clock=of.clock,
    )


@cache
def mover(of: Container) -> Mover:
    """Return what moves old events to S3."""
    return Mover(
        journal=JournalStore(),
        seals=SealStore(),
        turns=Turns(),
        signer=signer(of),
        signatures=signatures(of),
        alarm=alarm(of),
        clock=of.clock,
        kept=timedelta(days=of.settings.journal_retention_days),
        every=timedelta(seconds=of.settings.journal_retention_interval_seconds),
    )


@cache
def alarm(of: Container) -> JournalIncidents:
    """Return who is told what is wrong with the journal."""
    return JournalIncidents(incidents=IncidentStore(), clock=of.clock)


@cache
def signer(_of: Container) -> SealSigner:
    """Return the stage's key."""
    return KmsSigner()


@cache
def signatures(of: Container) -> Signatures:
    """Return what checks signatures."""
    return Signatures(signer(of))


@cache
def copies(_of: Container) -> SealCopies:
    """Return the copies of seals in S3."""
    return SealCopies()
