"""What pairing is made of."""

from collections.abc import Callable
from functools import cache, partial
from typing import TypedDict

from chalicelib.access.store import IdempotencyStore
from chalicelib.clock import Clock
from chalicelib.functions.wiring import nodes
from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.node_upkeep import pairing_upkeep
from chalicelib.functions.wiring.sweeps import incidents, journal
from chalicelib.ids import Ids
from chalicelib.journal.erasure.wrapping import KmsWrapper
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.nodes.pairing.activating import Activating
from chalicelib.nodes.pairing.alarm import PairingAlarm
from chalicelib.nodes.pairing.claiming import Claiming
from chalicelib.nodes.pairing.deciding import Deciding
from chalicelib.nodes.pairing.devices import Devices
from chalicelib.nodes.pairing.gateway import KnownGateway
from chalicelib.nodes.pairing.guard import Guard
from chalicelib.nodes.pairing.handshake import Handshake
from chalicelib.nodes.pairing.minting import Minting
from chalicelib.nodes.pairing.padding import Padding
from chalicelib.nodes.pairing.pake import Spake2
from chalicelib.nodes.pairing.recovering import Recovering
from chalicelib.nodes.pairing.runtime import NodeRuntimeState
from chalicelib.nodes.pairing.sealing import SecretSealer
from chalicelib.nodes.pairing.store import PairingStore


class _Parts(TypedDict):
    """What all are made of that move a pairing on."""

    store: PairingStore
    sealer: SecretSealer
    journal: JournalStore
    clock: Clock
    ids: Ids


class _DeviceParts(_Parts):
    """What those are made of, besides, that answer devices nobody knows yet."""

    devices: Devices
    guard: Guard
    padding: Padding
    random_bytes: Callable[[int], bytes]


@cache
def pairing(of: Container) -> NodeRuntimeState:
    """Return all that is done about nodes that are not paired yet."""
    return NodeRuntimeState(
        codes=_codes(of),
        handshake=_handshake(of),
        recovery=_recovery(of),
        requests=_requests(of),
        claims=_claims(of),
        activation=_activation(of),
        upkeep=pairing_upkeep(of),
    )


@cache
def padding(_of: Container) -> Padding:
    """Return what makes refusals take the same time."""
    return Padding()


@cache
def sealer(of: Container) -> SecretSealer:
    """Return what seals the secrets of codes and sessions."""
    return SecretSealer(wrapper=KmsWrapper(), random_bytes=of.random_bytes)


@cache
def _alarm(of: Container) -> PairingAlarm:
    return PairingAlarm(incidents=incidents(of))


@cache
def _gateway(of: Container) -> KnownGateway:
    return KnownGateway(ask=partial(nodes.gateway, of))


@cache
def _guard(of: Container) -> Guard:
    return Guard(store=PairingStore(), padding=padding(of), journal=journal(of), alarm=_alarm(of))


def _parts(of: Container) -> _Parts:
    return {
        "store": PairingStore(),
        "sealer": sealer(of),
        "journal": journal(of),
        "clock": of.clock,
        "ids": Ids(of.random_bytes),
    }


def _device_parts(of: Container) -> _DeviceParts:
    return {
        **_parts(of),
        "devices": _devices(),
        "guard": _guard(of),
        "padding": padding(of),
        "random_bytes": of.random_bytes,
    }


def _devices() -> Devices:
    return Devices(certificates=CertificateStore())


def _codes(of: Container) -> Minting:
    return Minting(
        **_parts(of),
        gateway=_gateway(of),
        requests=IdempotencyStore(),
        random_bytes=of.random_bytes,
        allows_qr=of.settings.pairing_qr,
    )


def _handshake(of: Container) -> Handshake:
    return Handshake(**_device_parts(of), gateway=_gateway(of), pake=Spake2(of.random_bytes))


def _recovery(of: Container) -> Recovering:
    return Recovering(**_device_parts(of), gateway=_gateway(of), certificates=CertificateStore())


def _requests(of: Container) -> Deciding:
    return Deciding(
        **_parts(of),
        devices=_devices(),
        alarm=_alarm(of),
        two_persons=of.settings.pairing_two_person,
    )


def _claims(of: Container) -> Claiming:
    return Claiming(**_device_parts(of), issuer=nodes.remote_issuer(of))


def _activation(of: Container) -> Activating:
    return Activating(
        store=PairingStore(),
        devices=nodes.devices(of),
        clock=of.clock,
        ids=Ids(of.random_bytes),
    )
