"""What the checks look into, and the menders reach for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.approvals.watch import ApprovalWatch
from chalicelib.background.gate.service import FIRST_OWNER
from chalicelib.background.gate.store import GateStore
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.background.queue import LaneQueue
from chalicelib.background.store import WorkStore
from chalicelib.background.sweep import Sweep
from chalicelib.clock import Clock
from chalicelib.healing.doctor.blueprint import Blueprint
from chalicelib.healing.doctor.cloud import Cloud
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.seals.copies import SealCopies
from chalicelib.journal.seals.signing import Signatures
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.authority.truststore import S3Truststore
from chalicelib.nodes.capabilities.invocations.upkeep import RequestUpkeep
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.upkeep import PairingUpkeep
from chalicelib.policy.authority import Authority
from chalicelib.runs.store import RunStore
from chalicelib.scheduler.handover import Handover
from chalicelib.scheduler.store import JobStore, SweepLog, TickLog
from chalicelib.settings import Settings


@dataclass(kw_only=True, eq=False, repr=False)
class Rooms:
    """The rooms of a stage, as one examination sees them.

    Attributes:
        owner: who asked for it.
        since: from when on the ledger is looked at.
        repeatable: the tools whose calls may be made again with the same key.
    """

    owner: str
    since: datetime
    settings: Settings
    clock: Clock
    repeatable: frozenset[str]
    wanted: Blueprint
    cloud: Cloud
    work: WorkStore
    jobs: JobStore
    runs: RunStore
    ticks: TickLog
    sweeps: SweepLog
    gates: GateStore
    heartbeats: HeartbeatStore
    incidents: IncidentStore
    journal: JournalStore
    seals: SealStore
    copies: SealCopies
    signatures: Signatures
    authority: Authority
    lanes: Mapping[str, LaneQueue]
    handover: Handover
    sweep: Sweep
    approvals: ApprovalWatch
    authorities: AuthorityStore
    truststore: S3Truststore
    certificates: CertificateStore
    pairings: PairingUpkeep
    node_requests: RequestUpkeep

    def sees(self, owner: str) -> bool:
        """Return whether what belongs to an owner may be named to who asked.

        Admins of the first owner look after the stage; others see what is theirs.
        """
        return self.owner in {owner, FIRST_OWNER}

    def ago(self, instant: datetime) -> str:
        """Return how long ago an instant was, to the second."""
        return seconds(self.clock.now() - instant)


def seconds(length: timedelta) -> str:
    """Return a length of time in words, to the second."""
    whole = int(length.total_seconds())
    if whole < 120:  # noqa: PLR2004 - two minutes
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004 - two hours
