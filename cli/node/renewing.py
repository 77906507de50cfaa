"""Renewing: the next certificate, for a new key, without the old one ever being used after it.

The new key and the request are written down before they are sent. So where the answer is lost, or
the node dies, the same request is sent again, and answered by the same certificate. The certificate
is in place before its first call; after that, nothing is left of the one before.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.node import identity
from cli.node.handshake import Untrusted
from cli.node.home import Home
from cli.node.line import Line, is_bad, is_over
from cli.node.private import read_private
from cli.problem import Exit, Problem

_NOTE = "renewal.json"
_SPREAD = 0.1


def due(renew_from: datetime, not_after: datetime, chance: float) -> datetime:
    """Return when to renew: from half of the certificate's life on, and not all nodes at once.

    Args:
        renew_from: half of its life, as the gateway says.
        not_after: its end.
        chance: from 0 to 1; of this certificate.
    """
    return renew_from + (not_after - renew_from) * 2 * _SPREAD * chance


@dataclass(eq=False, repr=False)
class Renewing:
    """Renews the certificate of a line.

    Attributes:
        chance: a number from 0 to 1, another one each time.
    """

    home: Home
    line: Line
    chance: Callable[[], float] = random.random

    def is_begun(self) -> bool:
        """Return whether a renewal was asked for whose answer is not here."""
        return self._begun() is not None

    def run(self) -> dict[str, Any]:
        """Renew, and return what the gateway says of the next certificate, after its first call.

        Raises:
            Problem: it was refused, or nobody answered; the next call goes on with it.
        """
        asked = self._begun() or self._asked()
        try:
            answer = self.line.post(
                "renew", csr_pem=asked["csr_pem"], nonce=asked["nonce"], proof=asked["proof"]
            )
        except Problem as problem:
            if is_over(problem) or is_bad(problem):
                self.home.drop(_NOTE)  # Nothing was issued for it, and nothing will be.
            raise
        self._take(asked["key_pem"], answer)
        return self.line.get("whoami")

    def _begun(self) -> dict[str, Any] | None:
        asked = self.home.noted(_NOTE)
        if asked is not None and str(asked["key_pem"]) in (
            read_private(self.home.credential) or ""
        ):
            self.home.drop(_NOTE)  # Its certificate is in place already.
            return None
        return asked

    def _asked(self) -> dict[str, Any]:
        told, key = self.line.post("nonce"), identity.new_key()
        device = self.line.membership.device_id
        gateway, nonce = str(told["gateway_id"]), str(told["nonce"])
        asked = {
            "key_pem": identity.key_pem(key),
            "csr_pem": identity.request(key),
            "nonce": nonce,
            "proof": identity.renewal_proof(key, gateway, device, nonce),
        }
        self.home.note(_NOTE, asked)
        return asked

    def _take(self, key_pem: str, answer: dict[str, Any]) -> None:
        certificate, membership = str(answer["certificate_pem"]), self.line.membership
        uri = identity.name_of(membership.gateway_id, membership.device_id)
        try:
            key = identity.read_key(key_pem)
            identity.issued(certificate, str(answer["ca_pem"]), key, uri)
        except (Untrusted, ValueError) as error:
            self.home.drop(_NOTE)
            detail = f"the next certificate is none: {error}"
            raise Problem.of(Exit.FAILED, detail, "renew again; the old one is in use") from error
        self.home.certify(key_pem + certificate)
        self.home.drop(_NOTE)
        self.line.renewed()


def instant(text: object) -> datetime:
    """Return an RFC 3339 instant of the gateway's."""
    return datetime.fromisoformat(str(text))


@dataclass(eq=False, repr=False)
class GatewayClock:
    """The gateway's time, whatever this device's own clock says.

    Attributes:
        stopwatch: the seconds since some instant.
    """

    stopwatch: Callable[[], float]
    _told: datetime | None = None
    _at: float = 0.0

    def set(self, time: datetime) -> None:
        """Take the time that the gateway has told just now."""
        self._told, self._at = time, self.stopwatch()

    def now(self) -> datetime | None:
        """Return the gateway's present time; None before it has told any."""
        if self._told is None:
            return None
        return self._told + timedelta(seconds=self.stopwatch() - self._at)
