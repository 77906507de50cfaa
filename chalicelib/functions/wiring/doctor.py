"""What the doctor is made of: every room of a stage."""

import os
from datetime import datetime
from functools import cache

from chalicelib.background.gate.store import GateStore
from chalicelib.functions.wiring import approvals, node_upkeep, seals, sweeping, sweeps, tools
from chalicelib.functions.wiring.container import Container, courier, handover, work
from chalicelib.functions.wiring.making import maker
from chalicelib.functions.wiring.policies import authority
from chalicelib.healing.doctor.blueprint import blueprint
from chalicelib.healing.doctor.cloud import Cloud
from chalicelib.healing.doctor.doctor import Doctor
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.healing.doctor.store import ExaminationStore
from chalicelib.journal.seals.store import SealStore
from chalicelib.nodes.authority.store import AuthorityStore
from chalicelib.nodes.authority.truststore import S3Truststore
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.scheduler.store import JobStore, SweepLog, TickLog

# What names an emulator in the place of AWS.
_ENDPOINT = "AWS_ENDPOINT_URL"


@cache
def doctor(of: Container) -> Doctor:
    """Return what carries out examinations."""
    return Doctor(
        rooms=lambda owner, since: rooms(of, owner, since),
        examinations=ExaminationStore(),
        journal=sweeps.journal(of),
        payloads=maker(of).payloads,
        clock=of.clock,
        conclusion=sweeps.aftermath(of).otherwise,
    )


@cache
def cloud(_of: Container) -> Cloud:
    """Return what is asked about AWS itself."""
    return Cloud(is_local=bool(os.environ.get(_ENDPOINT)))


def rooms(of: Container, owner: str, since: datetime) -> Rooms:
    """Return the rooms as an owner sees them."""
    return Rooms(
        owner=owner,
        since=since,
        settings=of.settings,
        clock=of.clock,
        repeatable=frozenset(
            tool.spec.name for tool in tools.toolbox(of).all() if tool.is_idempotent
        ),
        wanted=blueprint(),
        cloud=cloud(of),
        work=work(of),
        jobs=JobStore(),
        runs=sweeps.runs(of),
        ticks=TickLog(),
        sweeps=SweepLog(),
        gates=GateStore(),
        heartbeats=sweeps.heartbeats(of),
        incidents=sweeps.incidents(of),
        journal=sweeps.journal(of),
        seals=SealStore(),
        copies=seals.copies(of),
        signatures=seals.signatures(of),
        authority=authority(of),
        lanes=courier(of).lanes,
        handover=handover(of),
        sweep=sweeping.sweep(of),
        approvals=approvals.watch(of),
        authorities=AuthorityStore(),
        truststore=S3Truststore(),
        certificates=CertificateStore(),
        pairings=node_upkeep.pairing_upkeep(of),
        node_requests=node_upkeep.request_upkeep(of),
    )
