"""What carries out the tasks about the journal; workers load it with the first of them."""

from datetime import timedelta
from functools import cache

from chalicelib.background.erasure import SubjectErasure
from chalicelib.background.journal_export import JournalExport
from chalicelib.background.journal_verify import JournalVerify
from chalicelib.functions.wiring import erasing, seals
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.making import maker
from chalicelib.functions.wiring.sweeps import aftermath, journal, runs
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.journal.export_files import ExportFiles
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.verification.store import VerificationStore
from chalicelib.runs.chains import RunChains


@cache
def exports(of: Container) -> JournalExport:
    """Return what writes journals into files."""
    return JournalExport(
        journal=journal(of),
        files=ExportFiles(),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )


@cache
def verify(of: Container) -> JournalVerify:
    """Return what verifies journals."""
    retention = timedelta(days=of.settings.runs_retention_days)
    return JournalVerify(
        journal=journal(of),
        seals=SealStore(),
        copies=seals.copies(of),
        signatures=seals.signatures(of),
        runs=RunChains(runs=runs(of), clock=of.clock, retention=retention),
        keys=KeyStore(),
        verifications=VerificationStore(),
        alarm=seals.alarm(of),
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )


@cache
def erase(of: Container) -> SubjectErasure:
    """Return what erases what is known of subjects."""
    return SubjectErasure(
        rooms=erasing.rooms(of),
        keys=KeyStore(),
        journal=journal(of),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=aftermath(of).otherwise,
    )
