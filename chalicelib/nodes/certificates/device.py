"""Device: what is known of a node, and which way it can go from where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# How long a certificate can be used beside the one that was issued to follow it.
OVERLAP = timedelta(minutes=15)
# From here to its end, a certificate that nothing follows is an incident.
ENDS_SOON = timedelta(hours=6)
_SWITCHED_OFF = frozenset({"cli", "desktop"})


class DeviceState(StrEnum):
    """Where a device stands."""

    PENDING = "pending"  # It was offered its first certificate.
    ACTIVE = "active"
    SUSPENDED = "suspended"  # Two seem to hold its key.
    REVOKED = "revoked"  # An operator, or the device itself, ended it.
    CLEARED = "cleared"  # It may be paired again.


class Move(StrEnum):
    """What can happen to a device."""

    OFFER = "offer"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    REVOKE = "revoke"
    ROTATE = "rotate"  # It is asked to renew now.
    CLEAR = "clear"


TRANSITIONS: Mapping[tuple[DeviceState | None, Move], DeviceState] = {
    (None, Move.OFFER): DeviceState.PENDING,
    (DeviceState.PENDING, Move.OFFER): DeviceState.PENDING,
    (DeviceState.PENDING, Move.ACTIVATE): DeviceState.ACTIVE,
    (DeviceState.PENDING, Move.REVOKE): DeviceState.REVOKED,
    (DeviceState.ACTIVE, Move.OFFER): DeviceState.ACTIVE,
    (DeviceState.ACTIVE, Move.ACTIVATE): DeviceState.ACTIVE,
    (DeviceState.ACTIVE, Move.ROTATE): DeviceState.ACTIVE,
    (DeviceState.ACTIVE, Move.SUSPEND): DeviceState.SUSPENDED,
    (DeviceState.ACTIVE, Move.REVOKE): DeviceState.REVOKED,
    (DeviceState.SUSPENDED, Move.REVOKE): DeviceState.REVOKED,
    (DeviceState.SUSPENDED, Move.CLEAR): DeviceState.CLEARED,
    (DeviceState.REVOKED, Move.CLEAR): DeviceState.CLEARED,
    (DeviceState.CLEARED, Move.OFFER): DeviceState.CLEARED,
    (DeviceState.CLEARED, Move.ACTIVATE): DeviceState.ACTIVE,
    (DeviceState.CLEARED, Move.REVOKE): DeviceState.REVOKED,
}


def after(state: DeviceState | None, move: Move) -> DeviceState | None:
    """Return where a move leads, or None where it is not possible."""
    return TRANSITIONS.get((state, move))


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device.

    Attributes:
        kind: cli, desktop or daemon.
        label: what the operator called it.
        current: the fingerprint of the certificate that it calls with; empty where it has none.
        current_key: SHA-256 over that certificate's public key.
        offered: the fingerprint of the one that is to follow; empty where there is none.
        lapses_at: from when the current one is good for nothing, though the offer was not taken
            up; None where nothing of the kind was agreed.
        generation: that of the newest certificate that was offered.
        paired_generation: that of the first certificate of the present pairing.
        rotation_asked_at: since when it is to renew at once; None where nobody asked, or it has.
        changed_by: who made it what it is, as `token:laptop`.
        version: raised by every change.
    """

    owner: str
    id: str
    kind: str
    label: str
    state: DeviceState
    current: str = ""
    current_key: str = ""
    offered: str = ""
    lapses_at: datetime | None = None
    generation: int = 0
    paired_generation: int = 0
    expires_at: datetime | None = None
    paired_at: datetime | None = None
    rotation_asked_at: datetime | None = None
    changed_at: datetime
    changed_by: str
    reason: str = ""
    version: int

    def has_lapsed(self, now: datetime) -> bool:
        """Return whether the time is over in which the current certificate ran beside the next."""
        return bool(self.offered) and self.lapses_at is not None and now >= self.lapses_at

    @property
    def is_out(self) -> bool:
        """Return whether it was thrown out, and nobody is about to pair it again."""
        return self.state in {DeviceState.REVOKED, DeviceState.CLEARED} and not self.offered

    @property
    def may_sleep(self) -> bool:
        """Return whether it is one that a person switches off: only a daemon is always there."""
        return self.kind in _SWITCHED_OFF

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Return the certificates that it may call with, or may take up."""
        return tuple(filter(None, (self.current, self.offered)))
