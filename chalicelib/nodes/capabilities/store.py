"""CapabilityStore: what devices said that they can do, and what they may.

<owner>#capabilities / <device id>          all that a device can do
<owner>#grant#<device id> / <capability>    that it may
"""

import json
from collections.abc import Mapping
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.clock import from_ms, to_ms
from chalicelib.nodes.authority.store import IdentityRow
from chalicelib.nodes.capabilities.capability import Grant, Inventory, of_document
from chalicelib.nodes.certificates.columns import device_key
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, Write, owned

_INVENTORY, _GRANT = "capabilities", "grant"


class CapabilityRow(Table):
    """What a device can do, or that it may."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    version = WholeNumber(null=True)
    content = UnicodeAttribute(null=True)
    registered_at = WholeNumber(null=True)
    terms_sha256 = UnicodeAttribute(null=True)
    generation = WholeNumber(null=True)
    granted_by = UnicodeAttribute(null=True)
    granted_at = WholeNumber(null=True)


class CapabilityStore:
    """The capabilities of all owners' devices; every read is strongly consistent."""

    def inventory(self, owner: str, device_id: str) -> Inventory:
        """Return what a device said last.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = CapabilityRow.find(owned(owner, _INVENTORY), device_id)
        if row is None:
            return Inventory()
        return Inventory(
            capabilities=tuple(map(of_document, json.loads(row.content))),
            registered_at=from_ms(row.registered_at),
            version=int(row.version),
        )

    def register(self, device: Device, before: Inventory, content: str, now: datetime) -> None:
        """Keep what a device says.

        Raises:
            Cancelled: it said something else meanwhile, or may not say anything any more.
            Unavailable: the effect is unknown.
        """
        row = CapabilityRow(
            owned(device.owner, _INVENTORY),
            device.id,
            version=before.version + 1,
            content=content,
            registered_at=to_ms(now),
        )
        as_seen = (
            CapabilityRow.version == before.version
            if before.version
            else CapabilityRow.pk.does_not_exist()
        )
        CapabilityRow.transact(row.put_write(as_seen), still_active(device))

    def grant(self, owner: str, device_id: str, name: str) -> Grant | None:
        """Return the grant of a capability, or None."""
        row = CapabilityRow.find(owned(owner, _GRANT, device_id), name)
        return _grant(row) if row else None

    def grants(self, owner: str, device_id: str) -> Mapping[str, Grant]:
        """Return all grants of a device by the names of capabilities."""
        rows = CapabilityRow.page(owned(owner, _GRANT, device_id), consistent_read=True)
        return {row.sk: _grant(row) for row in rows}

    # Writes, for transactions.

    def granting(self, device: Device, inventory: Inventory, grant: Grant) -> list[Write]:
        """Return the writes that grant what a device declared, as it was seen."""
        row = CapabilityRow(
            owned(device.owner, _GRANT, device.id),
            grant.name,
            terms_sha256=grant.terms_sha256,
            generation=grant.generation,
            granted_by=grant.granted_by,
            granted_at=to_ms(grant.granted_at),
        )
        other = CapabilityRow.pk.does_not_exist() | ~_is_for(grant.terms_sha256, grant.generation)
        declared = CapabilityRow.check_write(
            owned(device.owner, _INVENTORY),
            device.id,
            CapabilityRow.version == inventory.version,
        )
        return [row.put_write(other), declared, still_active(device)]

    def revoking(self, owner: str, device_id: str, grant: Grant) -> list[Write]:
        """Return the write that takes a grant back, as it was seen."""
        condition = _is_for(grant.terms_sha256, grant.generation)
        pk = owned(owner, _GRANT, device_id)
        return [CapabilityRow.remove_write(pk, grant.name, condition)]


def still_granted(device: Device, name: str, terms_sha256: str) -> Write:
    """Return the check that a device may do something, for a transaction."""
    condition = _is_for(terms_sha256, device.paired_generation)
    return CapabilityRow.check_write(owned(device.owner, _GRANT, device.id), name, condition)


def still_active(device: Device) -> Write:
    """Return the check that a device was not thrown out, nor paired anew, since it was seen.

    With it in the transaction, nothing is handed to a device after its revocation was told.
    """
    condition = (IdentityRow.state == DeviceState.ACTIVE) & (
        IdentityRow.paired_generation == device.paired_generation
    )
    return IdentityRow.check_write(*device_key(device.owner, device.id), condition)


def _is_for(terms_sha256: str, generation: int) -> Condition:
    same: Condition = (CapabilityRow.terms_sha256 == terms_sha256) & (
        CapabilityRow.generation == generation
    )
    return same


def _grant(row: CapabilityRow) -> Grant:
    return Grant(
        name=row.sk,
        terms_sha256=row.terms_sha256,
        generation=int(row.generation),
        granted_by=row.granted_by,
        granted_at=from_ms(row.granted_at),
    )
