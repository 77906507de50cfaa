"""PairingMethod and ClientKind: how a device proves that it may ask, and what it is."""

from enum import StrEnum


class PairingMethod(StrEnum):
    """How the secret of a code reaches the device: typed by a person, or scanned.

    A device that comes back after its certificate has ended needs no code: `recovery`.
    """

    PIN = "pin"
    QR = "qr"
    RECOVERY = "recovery"


CODE_METHODS = (PairingMethod.PIN, PairingMethod.QR)


class ClientKind(StrEnum):
    """What kind of node a device is."""

    CLI = "cli"
    DESKTOP = "desktop"
    DAEMON = "daemon"
