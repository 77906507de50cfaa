"""Flows of what ends and comes back: devices by their last key, and authorities in the front."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.recovering import Recover
from chalicelib.nodes.pairing.session import Origin
from cli.node import handshake as node
from cli.node import identity
from tests.simulation.flows import flow, operate
from tests.simulation.node_flows import (
    _DEVICE,
    _FIRST,
    _SECOND,
    FLOWS,
    _roll,
    a_node,
    call,
    call_with_last,
    nobody,
    renew,
    revoke,
)
from tests.simulation.node_flows import judge as judge_nodes
from tests.simulation.pairing_flows import (
    OTHERS,
    WEIGHT,
    Device,
    _csr,
    _key,
    _spki,
    a_code,
    approve,
    claims,
    restarted,
    runtime,
)
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_LIFE, _OVERLAP = timedelta(hours=24), timedelta(hours=48)
_TRUSTSTORE = "truststore.pem"
_NEW, _OTHER = 21, 22  # The numbers of the keys that are to follow the last one.


@dataclass(eq=False)
class Returning(Device):
    """A device that comes back with its last key; its number is that of the key that follows."""

    nonce: str = ""

    def _begin(self, function: Any) -> None:
        recovery, origin = runtime(function).recovery, Origin(f"192.0.2.{self.number}")
        if not self.nonce:
            self.nonce = recovery.begin(origin).text
        nonce, gateway = self.nonce, self.world.memo["gateway"]
        following = _key(self.number)
        proof = identity.recovery_proof(_key(1), following, gateway, _DEVICE, nonce)
        asked = Recover(
            nonce, _DEVICE, self.world.memo["first"][1], _csr(self.number), node.unwritten(proof)
        )
        told = recovery.recover(asked, origin)
        self.world.memo["returned"] = (*self.world.memo["returned"], (nonce, told.session.id))
        answer = {
            "session_id": told.session.id,
            "msg_b": node.written(told.msg_b),
            "ca_spki_sha256": node.written(bytes.fromhex(told.gateway.ca_spki_sha256)),
        }
        secret = identity.exchanged(following, told.msg_b)
        device = node.Device(_DEVICE, "cli", _spki(self.number))
        proving = node.came_back(device, nonce, gateway, answer, secret)
        self.sas = proving.trust(node.written(told.confirm)).sas
        self.proving = self.proving or proving

    def anew(self) -> None:
        """Begin by another nonce, as the agent does whose answer was lost."""
        if self.proving is None:
            self.nonce = ""
            self.begin(elsewhere=True)

    def _claim(self, function: Any) -> None:
        super()._claim(function)
        certificate = CertificateStore().certificate("main", _DEVICE, self._claimed())
        if certificate:
            told = (self._session(), certificate.fingerprint, certificate.pem)
            self.world.memo["renewed"] = (*self.world.memo["renewed"], told)

    def _activate(self, function: Any) -> None:
        store = CertificateStore()
        device = store.device("main", _DEVICE)
        certificate = store.certificate("main", _DEVICE, self._claimed())
        if device and certificate and certificate.can_begin(function.clock.now()):
            runtime(function).activation.activate(device, certificate)

    def _claimed(self) -> str:
        of = [it for session, it in self.world.memo["claimed"] if session == self._session()]
        return of[-1] if of else ""

    def _session(self) -> str:
        return self.proving.session_id if self.proving else ""


# What flows begin with.


def a_lapsed_node(world: World) -> None:
    """Begin with a device whose certificate ended an hour ago."""
    _paired(world)
    world.skip_time(_LIFE + timedelta(hours=1))


def a_node_that_ends(world: World) -> None:
    """Begin with a device whose certificate ends within the next minute."""
    _paired(world)
    world.skip_time(_LIFE - timedelta(seconds=30))
    # What it was told to sign lasts for five minutes.
    nonce = world.functions.api.devices.nonce("main", _DEVICE, world.functions.api.clock.now()).text
    proof = identity.renewal_proof(_key(11), world.memo["gateway"], _DEVICE, nonce)
    world.memo["asked"] = world.memo["asked"] | {"nonce": nonce, "proof": proof}


def _paired(world: World) -> None:
    a_node(world)
    gateway = runtime(world.functions.api).recovery.gateway.get(world.functions.api.clock.now())
    world.memo.update(gateway=gateway.gateway_id, returned=())


def an_authority_that_leaves(world: World) -> None:
    """Begin with a device that is approved while an authority has a minute left in the front."""
    a_node(world)
    for step in ("prepare", "switch"):
        _roll(step, world.functions.api)
    world.skip_time(_OVERLAP - MINUTE)
    a_code(world)
    device = Device(world, 2)
    device._begin(world.functions.api)
    device._hello(world.functions.api)
    nobody(world)
    world.memo.update(node=_DEVICE, device=device)


# What happens.


def look_after(world: World) -> None:
    """Let two sweeps see at once what the front trusts."""
    for sweep in (world.functions.sweep, world.functions.second_sweep):
        world.invoke(sweep, sweep.authority_upkeep.run, sweep.name)


@flow(a_lapsed_node, WEIGHT)
def came_back(world: World) -> None:
    """A device comes back with its last key; it asks again by the same words, and then anew."""
    device = Returning(world, _NEW)
    device.begin()
    device.begin(elsewhere=True)
    world.settle()
    device.anew()
    world.settle()
    claims(world, device, 1)
    approve(world, device)
    approve(world, device, _SECOND, elsewhere=True)
    world.settle()
    claims(world, device)
    device.activate()
    device.activate(elsewhere=True)
    world.settle()
    call(world, *world.memo["first"])
    call_with_last(world)
    world.settle()


@flow(a_lapsed_node, WEIGHT)
def two_came_back(world: World) -> None:
    """Two who hold the last key of one device come back at once, and both are approved."""
    one, other = Returning(world, _NEW), Returning(world, _OTHER)
    one.begin()
    other.begin(elsewhere=True)
    world.settle()
    approve(world, one)
    approve(world, other, _SECOND, elsewhere=True)
    world.settle()
    world.pass_time(MINUTE)
    one.claim()
    world.settle()
    one.activate()
    other.claim(elsewhere=True)
    world.settle()
    other.activate(elsewhere=True)
    world.settle()
    call_with_last(world)
    world.settle()


@flow(a_lapsed_node, WEIGHT)
def came_back_and_was_thrown_out(world: World) -> None:
    """A device is thrown out while it comes back, at each step that it has left."""
    device = Returning(world, _NEW)
    device.begin()
    world.settle()
    approve(world, device)
    world.settle()
    world.pass_time(MINUTE)
    device.claim()
    revoke(world, _FIRST, elsewhere=True)
    world.settle()
    device.activate()
    device.claim(elsewhere=True)
    world.settle()
    call_with_last(world)
    world.settle()


@flow(a_node_that_ends, WEIGHT)
def came_back_and_renewed(world: World) -> None:
    """A renewal whose answer was slow is used while an operator lets the device come back."""
    renew(world)
    world.settle()
    world.pass_time(MINUTE)
    device = Returning(world, _NEW)
    device.begin()
    renew(world, elsewhere=True)
    world.settle()
    approve(world, device)
    world.settle()
    world.pass_time(MINUTE)
    device.claim()
    call_with_last(world)
    world.settle()
    device.activate()
    world.settle()
    call_with_last(world)
    world.settle()


@flow(an_authority_that_leaves, WEIGHT)
def retired(world: World) -> None:
    """An authority leaves the front by two sweeps at once, while a certificate is issued."""
    device = restarted(world)
    approve(world, device)
    world.settle()
    world.pass_time(MINUTE)
    look_after(world)
    device.claim()
    world.settle()
    claims(world, device, 1)
    device.activate()
    world.settle()


@flow(a_node, WEIGHT)
def front_changed(world: World) -> None:
    """The truststore is gone, while a node renews and two sweeps look."""
    world.objects = {name: it for name, it in world.objects.items() if _TRUSTSTORE not in name}
    renew(world)
    look_after(world)
    world.settle()
    call_with_last(world)
    world.settle()


@flow(a_node, WEIGHT)
def rolled_over_and_looked_after(world: World) -> None:
    """Sweeps look while operators roll the authority over, and nodes are paired by it."""
    for step in ("prepare", "switch"):
        operate(world, partial(_roll, step))
        look_after(world)
        renew(world)
        world.settle()
        world.pass_time(5 * MINUTE)
    look_after(world)
    world.settle()
    call_with_last(world)
    world.settle()


OF_NODES = frozenset(FLOWS) - OTHERS

# What is judged.


def judge(world: World) -> None:
    """Judge a world in which all that was begun is over, and the sweep has seen it."""
    world.pass_time(6 * MINUTE)
    looked: Callable[[], int] = world.functions.sweep.authority_upkeep.run
    looked()
    judge_nodes(world)
