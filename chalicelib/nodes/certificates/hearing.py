"""Hearing: which of the channel workers that fell silent are devices, and whether they must beat.

A device that is paired and silent is somebody's concern until it beats again or is thrown out. One
that was thrown out will not beat again, and is nobody's.
"""

from dataclasses import dataclass

from chalicelib.background.heartbeats.record import HeartbeatKey, WorkHeartbeatKind
from chalicelib.nodes.certificates.device import DeviceState
from chalicelib.nodes.certificates.store import CertificateStore


@dataclass(kw_only=True, eq=False, repr=False)
class Hearing:
    """Looks at the devices behind heartbeats."""

    certificates: CertificateStore

    def is_paired(self, key: HeartbeatKey) -> bool:
        """Return whether a heartbeat is that of a device that is paired.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return self._state(key) is DeviceState.ACTIVE

    def is_out(self, key: HeartbeatKey) -> bool:
        """Return whether a heartbeat is that of a device that was thrown out.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        return self._state(key) not in {None, DeviceState.ACTIVE}

    def _state(self, key: HeartbeatKey) -> DeviceState | None:
        if key.kind is not WorkHeartbeatKind.CHANNEL_WORKER:
            return None
        device = self.certificates.device(key.owner, key.object_id)
        return device.state if device else None
