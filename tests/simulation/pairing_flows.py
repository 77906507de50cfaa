"""Flows of pairing: devices and operators, each by two containers, under every fault.

A device has no clock of Palyra's and no retry of AWS's: where it gets no answer it asks again, and
where it cannot, it begins anew.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.errors import PalyraError, Unavailable
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.claiming import Proof
from chalicelib.nodes.pairing.deciding import Approval
from chalicelib.nodes.pairing.handshake import Begin
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.minting import NewCode
from chalicelib.nodes.pairing.refusals import PairingUnavailable
from chalicelib.nodes.pairing.runtime import NodeRuntimeState
from chalicelib.nodes.pairing.session import Origin
from cli.node import handshake as node
from tests.simulation import pairing_checker
from tests.simulation.approval_flows import FLOWS
from tests.simulation.flows import flow
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

OTHERS = frozenset(FLOWS)  # All that is not about nodes.

_FIRST, _SECOND = "token:first", "token:second"
_HOUR = timedelta(hours=1)
WEIGHT = 0.2  # Of a flow of nodes: there are many, and each takes as long as three others.


def runtime(function: Any) -> NodeRuntimeState:
    """Return pairing as a container does it."""
    made: NodeRuntimeState = function.pairing
    return made


# What flows begin with.


def a_code(world: World) -> None:
    """Begin with a code, in a world that has an authority."""
    of = world.functions.api
    new = NewCode(PairingMethod.QR, ClientKind.CLI, timedelta(minutes=10), "", "https://sim")
    told = node.scanned(runtime(of).codes.mint("main", _FIRST, new).qr or "")
    world.memo.update(pairing=True, told=told, claimed=())


def a_request(world: World) -> None:
    """Begin with a device that has proven a code, and waits for a decision."""
    a_code(world)
    device = Device(world, 1)
    device._begin(world.functions.api)
    device._hello(world.functions.api)
    world.memo["device"] = device


@dataclass(eq=False)
class Device:
    """A device of its own key."""

    world: World
    number: int
    proving: node.Proving | None = None
    sas: str = ""

    def begin(self, *, elsewhere: bool = False) -> None:
        self._call(self._begin, elsewhere=elsewhere)

    def hello(self, *, elsewhere: bool = False) -> None:
        self._call(self._hello, elsewhere=elsewhere)

    def claim(self, *, elsewhere: bool = False) -> None:
        self._call(self._claim, elsewhere=elsewhere)

    def activate(self, *, elsewhere: bool = False) -> None:
        self._call(self._activate, elsewhere=elsewhere)

    def _call(self, act: Callable[[Any], None], *, elsewhere: bool) -> None:
        functions = self.world.functions
        function = functions.second_api if elsewhere else functions.api
        self.world.invoke(function, partial(act, function), function.name)

    def _begin(self, function: Any) -> None:
        told = self.world.memo["told"]
        device = node.Device(f"0{self.number}J{'0' * 23}", "cli", _spki(self.number))
        handshake = node.Handshake(told, device, self.world.random_bytes)
        said = handshake.begin()
        asked = Begin(
            said["code_id"],
            PairingMethod.QR,
            ClientKind.CLI,
            device.id,
            device.spki_sha256,
            node.unwritten(said["msg_a"]),
        )
        begun = runtime(function).handshake.begin(asked, Origin(f"192.0.2.{self.number}"))
        answer = {
            "session_id": begun.session_id,
            "msg_b": node.written(begun.msg_b),
            "gateway_id": begun.gateway.gateway_id,
            "ca_spki_sha256": node.written(bytes.fromhex(begun.gateway.ca_spki_sha256)),
        }
        self.proving = self.proving or handshake.answered(answer)

    def _hello(self, function: Any) -> None:
        # Another attempt may be answered meanwhile, and begin another session.
        proving = self.proving
        if proving is None:
            return
        said = proving.hello(_csr(self.number))
        confirm = node.unwritten(said["confirm"])
        requested = runtime(function).handshake.hello(proving.session_id, confirm, said["csr_pem"])
        self.sas = proving.trust(node.written(requested.confirm)).sas

    def _claim(self, function: Any) -> None:
        # Another attempt may be answered meanwhile, and begin another session.
        proving = self.proving
        if proving is None:
            return
        claims = runtime(function).claims
        nonce = claims.claim(proving.session_id, None).nonce
        said = proving.claim(nonce)
        proof = Proof(said["nonce"], node.unwritten(said["mac"]))
        claimed = claims.claim(proving.session_id, proof)
        assert claimed.confirm is not None
        self.sas = proving.trust(node.written(claimed.confirm)).sas
        if claimed.certificate:
            told = (proving.session_id, claimed.certificate.fingerprint)
            self.world.memo["claimed"] = (*self.world.memo["claimed"], told)

    def _activate(self, function: Any) -> None:
        of = [print_ for _, print_ in self.world.memo["claimed"]]
        store, id_ = CertificateStore(), f"0{self.number}J{'0' * 23}"
        device = store.device("main", id_)
        certificate = store.certificate("main", id_, of[-1]) if of else None
        if device and certificate and certificate.can_begin(function.clock.now()):
            runtime(function).activation.activate(device, certificate)


def approve(world: World, device: Device, by: str = _FIRST, *, elsewhere: bool = False) -> None:
    """Let an operator type the number that a device shows."""

    def act(function: Any) -> None:
        requests = runtime(function).requests
        for request in requests.list("main"):
            if device.proving and request.id == device.proving.session_id and device.sas:
                approval = Approval(request.version, request.spki_sha256, device.sas)
                requests.approve("main", by, request.id, approval)

    _operate(world, act, elsewhere=elsewhere)


def reject(world: World, by: str = _SECOND, *, elsewhere: bool = False) -> None:
    """Let an operator reject whatever there is."""

    def act(function: Any) -> None:
        requests = runtime(function).requests
        for request in requests.list("main"):
            requests.reject("main", by, request.id, request.version, "not mine")

    _operate(world, act, elsewhere=elsewhere)


def _operate(world: World, act: Callable[[Any], None], *, elsewhere: bool) -> None:
    function = world.functions.second_api if elsewhere else world.functions.api
    world.invoke(function, partial(act, function), function.name)


def claims(world: World, device: Device, times: int = 2) -> None:
    """Let a device ask as often as it takes, by whichever container answers."""
    for number in range(times):
        world.pass_time(MINUTE)
        device.claim(elsewhere=bool(number % 2))
        world.settle()


def restarted(world: World) -> Device:
    """Return the device of the flow as it is when nothing has happened to it yet."""
    device: Device = world.memo["device"]
    return replace(device, world=world)


# What happens.


@flow(a_code, WEIGHT)
def paired(world: World) -> None:
    """A device is paired from its first word to its first call; it asks again where it must."""
    device = Device(world, 1)
    for elsewhere in (False, True):
        if device.proving is None:
            device.begin(elsewhere=elsewhere)
            world.settle()
    device.hello()
    world.settle()
    claims(world, device)
    approve(world, device)
    world.settle()
    approve(world, device, elsewhere=True)
    world.settle()
    claims(world, device)
    device.activate()
    world.settle()
    device.activate(elsewhere=True)
    world.settle()


@flow(a_code, WEIGHT)
def many_begin(world: World) -> None:
    """Seven devices begin with one code at once, by two containers."""
    devices = [Device(world, number) for number in range(1, 8)]
    for device in devices:
        device.begin(elsewhere=bool(device.number % 2))
    world.settle()
    for device in devices:
        device.hello(elsewhere=bool(device.number % 2))
    world.settle()


@flow(a_code, WEIGHT)
def two_prove(world: World) -> None:
    """Two devices prove one code at once, and one of them twice."""
    one, other = Device(world, 1), Device(world, 2)
    one.begin()
    other.begin(elsewhere=True)
    world.settle()
    one.hello()
    other.hello(elsewhere=True)
    one.hello(elsewhere=True)
    world.settle()
    for device in (one, other):
        approve(world, device)
        world.settle()
        claims(world, device, 1)


@flow(a_request, WEIGHT)
def contested(world: World) -> None:
    """Two operators decide about one request at once, and it is claimed meanwhile."""
    device = restarted(world)
    approve(world, device)
    reject(world, elsewhere=True)
    device.claim(elsewhere=True)
    world.settle()
    claims(world, device)


@flow(a_request, WEIGHT)
def claimed_at_once(world: World) -> None:
    """A device's claims reach two containers at once, right after the approval."""
    device = restarted(world)
    approve(world, device)
    world.settle()
    world.pass_time(MINUTE)
    device.claim()
    device.claim(elsewhere=True)
    world.settle()
    claims(world, device, 1)


@flow(a_request, WEIGHT)
def approved_late(world: World) -> None:
    """A request is approved when its time is nearly over, and by the sweep's clock it is."""
    device = restarted(world)
    world.pass_time(timedelta(minutes=10) - timedelta(seconds=world.chance.choice((0, 1, 2))))
    approve(world, device)
    sweep = world.functions.sweep
    sweep.clock.skew = timedelta(seconds=5)
    world.invoke(sweep, lambda: swept(sweep), sweep.name)
    world.settle()
    claims(world, device, 1)


def swept(function: Any) -> None:
    """Let the sweep end what is overdue."""
    runtime(function).upkeep.run(function.clock.now() + timedelta(seconds=45))


# What is judged.


def judge(world: World) -> None:
    """Judge a world in which all that was begun is over, and the sweep has seen it."""
    checker = world.checker
    checker.judge(pairing_checker.history(checker, world.memo["claimed"]))
    for _ in range(2):
        world.pass_time(_HOUR)
        with suppress(Unavailable, PairingUnavailable):
            swept(world.functions.sweep)
    try:
        checker.judge(pairing_checker.at_rest(checker))
    except PalyraError as error:
        checker.violated(pairing_checker.FORGOTTEN, error.detail)


@cache
def _key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(10**70 + number, ec.SECP256R1())


@cache
def _csr(number: int) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(_key(number), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@cache
def _spki(number: int) -> bytes:
    public = _key(number).public_key()
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize()
