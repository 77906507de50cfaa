"""What seals what is personal, what opens it, and which rooms erase what they hold of a subject."""

from functools import cache

from chalicelib.background.erasing import Family, TaskEraser
from chalicelib.background.erasure import Room
from chalicelib.functions.wiring import approvals
from chalicelib.functions.wiring.container import Container, work
from chalicelib.functions.wiring.making import maker
from chalicelib.functions.wiring.node_requests import request_keeper
from chalicelib.functions.wiring.sweeps import data_keys, incidents, runs
from chalicelib.healing.erasing import IncidentEraser
from chalicelib.journal.erasure.reading import PersonalReader
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.nodes.capabilities.invocations.erasing import InvocationEraser
from chalicelib.nodes.certificates.erasing import DeviceEraser
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.runs.erasing import RunEraser
from chalicelib.scheduler.erasing import JobEraser
from chalicelib.scheduler.store import JobStore


@cache
def personal(of: Container) -> PersonalReader:
    """Return what opens what is personal."""
    return PersonalReader(store=KeyStore(), keys=data_keys(of))


@cache
def rooms(of: Container) -> dict[str, Room]:
    """Return what holds something of subjects, in the order in which it is erased.

    A job keeps its prompt until none of its firings can need it.
    """
    family = Family(work=work(of))
    return {
        "tasks": TaskEraser(family=family, payloads=maker(of).payloads),
        "requests": InvocationEraser(family=family, keeper=request_keeper(of)),
        "runs": RunEraser(family=family, runs=runs(of), approvals=approvals.store(of)),
        "jobs": JobEraser(jobs=JobStore()),
        "incidents": IncidentEraser(incidents=incidents(of)),
        "devices": DeviceEraser(certificates=CertificateStore()),
    }
