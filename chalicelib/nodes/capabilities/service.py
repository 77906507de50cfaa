"""CapabilityService: devices say what they can do, and operators what they may.

Pairing gives a device a name and nothing else. What it may do is decided apart from that, for each
capability as it was declared; without a grant it is nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chalicelib.clock import Clock
from chalicelib.errors import CertificateRefused, Conflict, NotFound, Unavailable
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.capabilities import events
from chalicelib.nodes.capabilities.capability import (
    Capability,
    Grant,
    Inventory,
    check_inventory,
    is_granted,
)
from chalicelib.nodes.capabilities.store import CapabilityStore
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled

_TRIES = 8


class Listed(NamedTuple):
    """A capability, and the grant that it has; None where it may not be used."""

    capability: Capability
    grant: Grant | None


class Capabilities(NamedTuple):
    """All that a device can do, and since when that is known."""

    registered_at: datetime | None
    items: Sequence[Listed]


@dataclass(kw_only=True, eq=False, repr=False)
class CapabilityService:
    """What devices can and may do."""

    store: CapabilityStore
    certificates: CertificateStore
    journal: JournalStore
    clock: Clock

    def register(self, device: Device, capabilities: Sequence[Capability]) -> Capabilities:
        """Keep what a device says that it can do, in the place of what it said before.

        Raises:
            Invalid: names what it may not say.
            CertificateRefused: it was thrown out meanwhile.
            Unavailable: DynamoDB did not answer.
        """
        check_inventory(capabilities)
        for position, each in enumerate(capabilities):
            refuse_secrets(f"capabilities.{position}", each.document())
        content = Inventory(capabilities=tuple(capabilities)).content
        for _ in range(_TRIES):
            seen = self.store.inventory(device.owner, device.id)
            if seen.version and seen.content == content:
                return self._listed(device, seen)
            try:
                self.store.register(device, seen, content, self.clock.now())
            except Cancelled as cancelled:
                if cancelled.refusals[-1]:
                    raise thrown_out() from cancelled
                continue
            return self._listed(device, self.store.inventory(device.owner, device.id))
        raise _busy()

    def list(self, owner: str, device_id: str) -> Capabilities:
        """Return what a device can do, and what of it it may.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: DynamoDB did not answer.
        """
        device = self._device(owner, device_id)
        return self._listed(device, self.store.inventory(owner, device_id))

    def grant(self, owner: str, device_id: str, name: str, terms: str, actor: str) -> Listed:
        """Let a device do something, as it is declared now.

        Args:
            owner: whose device.
            device_id: the device.
            name: the capability.
            terms: what the operator saw of it; empty where that is not held against it.
            actor: who grants it.

        Raises:
            NotFound: there is no such device, or it has no such capability.
            Conflict: the device is not in use, or declares something else by now.
            Unavailable: DynamoDB did not answer; ask again.
        """
        for _ in range(_TRIES):
            device = self._device(owner, device_id)
            inventory = self.store.inventory(owner, device_id)
            capability = found(inventory, name)
            _check_grantable(device, capability, terms)
            grant = self.store.grant(owner, device_id, name)
            if is_granted(capability, grant, device.paired_generation):
                return Listed(capability, grant)
            grant = Grant(
                name=name,
                terms_sha256=capability.terms_sha256,
                generation=device.paired_generation,
                granted_by=actor,
                granted_at=self.clock.now(),
            )
            event = events.granted(owner, device_id, capability, grant)
            try:
                self.journal.append_with(event, self.store.granting(device, inventory, grant))
            except Cancelled:
                continue
            return Listed(capability, grant)
        raise _busy()

    def revoke(self, owner: str, device_id: str, name: str, actor: str) -> None:
        """Let a device do something no longer; what it was not asked for yet is rejected.

        Raises:
            NotFound: there is no such device, or neither such a capability nor a grant.
            Unavailable: DynamoDB did not answer; ask again.
        """
        for _ in range(_TRIES):
            self._device(owner, device_id)
            grant = self.store.grant(owner, device_id, name)
            if grant is None:
                found(self.store.inventory(owner, device_id), name)
                return
            event = events.revoked(owner, device_id, grant, actor, self.clock.now())
            try:
                self.journal.append_with(event, self.store.revoking(owner, device_id, grant))
            except Cancelled:
                continue
            return
        raise _busy()

    def _device(self, owner: str, device_id: str) -> Device:
        device = self.certificates.device(owner, device_id)
        if device is None:
            raise NotFound(f"there is no node {device_id!r:.80}")
        return device

    def _listed(self, device: Device, inventory: Inventory) -> Capabilities:
        grants = self.store.grants(device.owner, device.id)
        return Capabilities(
            inventory.registered_at,
            [
                Listed(each, grants[each.name])
                if is_granted(each, grants.get(each.name), device.paired_generation)
                else Listed(each, None)
                for each in inventory.capabilities
            ],
        )


def found(inventory: Inventory, name: str) -> Capability:
    """Return a capability of a device.

    Raises:
        NotFound: the device has none of that name.
    """
    capability = inventory.find(name)
    if capability is None:
        known = ", ".join(each.name for each in inventory.capabilities)
        fix = f"use: {known}"[:400] if known else "let the node register what it can do"
        raise NotFound(f"the node has no capability {name!r:.80}", field="capability", fix=fix)
    return capability


def _check_grantable(device: Device, capability: Capability, terms: str) -> None:
    if device.state is not DeviceState.ACTIVE:
        raise Conflict(f"the device is {device.state}", fix="pair it first")
    if terms and terms != capability.terms_sha256:
        raise Conflict(
            "the node declares the capability differently by now",
            field="terms_sha256",
            fix="look at it again, and send the terms_sha256 that you see",
        )


def thrown_out() -> CertificateRefused:
    """Return what a device is told that was let in, and thrown out before it was done."""
    return CertificateRefused("the device was thrown out", fix="pair it again")


def _busy() -> Unavailable:
    return Unavailable("others keep changing the capabilities", fix="try again")
