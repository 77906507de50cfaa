"""CertificateWatch: whoever comes once a minute sees which certificates end and are not followed.

A node renews from half of its certificate's life on. One whose certificate ends within six hours
and was offered none is told of, and once more when it has ended; then the index forgets it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest

from chalicelib.clock import Clock
from chalicelib.nodes.certificates.alarms import NodeAlarm
from chalicelib.nodes.certificates.device import ENDS_SOON
from chalicelib.nodes.certificates.store import CertificateStore, Expiring

_EVERY = timedelta(minutes=5)


@dataclass(kw_only=True, eq=False, repr=False)
class CertificateWatch:
    """Looks for certificates that end."""

    certificates: CertificateStore
    alarm: NodeAlarm
    clock: Clock
    _looked_at: datetime | None = field(init=False, default=None)

    def run(self) -> int:
        """Return how many certificates end soon, or have ended, without another that follows.

        A container looks every five minutes.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        now = self.clock.now()
        if self._looked_at and now - self._looked_at < _EVERY:
            return 0
        found = list(self.certificates.expiring(now + ENDS_SOON))
        told = sum(self._tell(each, now) for each in found)
        self._looked_at = now
        return told

    def _tell(self, expiring: Expiring, now: datetime) -> bool:
        certificate = self.certificates.certificate(*expiring)
        device = self.certificates.device(expiring.owner, expiring.device_id)
        # The index follows late: what is no more the current one is none of its matters.
        if certificate is None or device is None:
            return False
        if not compare_digest(device.current, certificate.fingerprint):
            return False
        is_over = now > certificate.not_after
        if device.offered and not is_over:
            return False  # It is being renewed.
        self.alarm.ending(certificate, now)
        if is_over:
            self.certificates.told_of_end(expiring)
        return True
