"""Recovering: the way back of a device whose certificate has ended, with the key of it.

It makes a new key, signs with the last one that the new one is to follow, and waits for the
operator. What it has asked is written down with the new key, so that whoever goes on after a death
waits for the same request, and not for another one that the operator would see beside it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from cli.client import Api
from cli.connection import is_loopback
from cli.node import identity
from cli.node.addresses import Addresses
from cli.node.claims import Claims, Over, Shown
from cli.node.handshake import Device, Proving, Untrusted, came_back, unwritten
from cli.node.home import Home, Membership
from cli.node.line import HEADERS, agent
from cli.node.pairing import activated
from cli.node.private import read_private
from cli.problem import Exit, Problem

NOTE = "recovery.json"
WITHIN = timedelta(days=7)
# So long the gateway waits for a decision. What ends before was ended by somebody.
_DECIDED_WITHIN = timedelta(minutes=10)
_MOST_OFF = timedelta(seconds=10)
# With the time in which what was approved can be claimed.
_LASTS = 2 * _DECIDED_WITHIN
_SECONDS = 30.0
_FIX = (
    "a device comes back within seven days after its certificate has ended, unless it was thrown"
    " out; otherwise ask the operator for a code, `palyra node unpair`, and pair it again"
)
_REJECTED = "the operator rejected it, or threw this device out"
_UNDECIDED = "nobody decided within ten minutes"


class Undecided(Problem):
    """Nobody has approved or rejected that this device comes back; it may ask again."""


class Asked(NamedTuple):
    """What the gateway was asked, and has answered.

    Attributes:
        key_pem: the new key.
        nonce: what the last key has signed.
        at: when, by the clock of this device.
        answer: of the gateway.
    """

    key_pem: str
    nonce: str
    at: datetime
    answer: Mapping[str, Any]

    @classmethod
    def read(cls, noted: Mapping[str, Any]) -> Self | None:
        """Return what was written down, or None where it is nothing that can be gone on with."""
        try:
            at = datetime.fromisoformat(noted["at"])
            asked = cls(str(noted["key_pem"]), str(noted["nonce"]), at, noted["answer"])
            identity.read_key(asked.key_pem)
        except (KeyError, TypeError, ValueError):
            return None
        return asked if at.tzinfo and isinstance(asked.answer, dict) else None

    def noted(self) -> dict[str, Any]:
        """Return it as it is written down."""
        return self._asdict() | {"at": self.at.isoformat()}

    def proving(self, membership: Membership) -> Proving:
        """Return the handshake that it is part of.

        Raises:
            Untrusted: the answer is not part of one.
        """
        key = identity.read_key(self.key_pem)
        device = Device(membership.device_id, membership.kind, identity.spki_sha256(key))
        secret = identity.exchanged(key, unwritten(self.answer.get("msg_b")))
        return came_back(device, self.nonce, membership.gateway_id, self.answer, secret)


@dataclass(kw_only=True, eq=False, repr=False)
class Recovering:
    """A device that comes back.

    Attributes:
        at: where the gateway is.
        shows: shows what the operator may ask for.
        pause: waits for so many seconds.
        present: what time it is on this device.
    """

    home: Home
    at: Addresses
    shows: Callable[[Shown], None]
    pause: Callable[[float], None]
    present: Callable[[], datetime]

    def run(self) -> dict[str, Any]:
        """Come back, and return what the gateway says of the device.

        Raises:
            Undecided: nobody decided in time.
            Problem: it was refused or rejected, or nobody answered; the last goes on next time.
        """
        membership = self.home.membership()
        try:
            with self._http() as http:
                credential = self._certified(Api(http=http), membership)
        except Untrusted as error:
            self.home.drop(NOTE)
            raise Problem.of(Exit.DENIED, str(error), "check --api, and try again") from error
        at = self.at
        where = replace(membership, api=at.api, nodes=at.nodes, nodes_ca=at.nodes_ca)
        self.home.offer(where, credential)
        return activated(self.home, self.pause)

    def _http(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.at.api,
            headers=HEADERS | {"User-Agent": agent()},
            timeout=_SECONDS,
            trust_env=not is_loopback(self.at.api),
        )

    def _certified(self, api: Api, membership: Membership) -> str:
        before = self._before()
        if before is not None:
            try:
                return self._claimed(api, membership, before)
            except Undecided:
                self.home.drop(NOTE)
        return self._claimed(api, membership, self._asked(api, membership))

    def _before(self) -> Asked | None:
        """Return what was asked before a death, while it can still come to something."""
        asked = Asked.read(self.home.noted(NOTE) or {})
        return asked if asked and self.present() - asked.at < _LASTS else None

    def _claimed(self, api: Api, membership: Membership, asked: Asked) -> str:
        proving = asked.proving(membership)
        key = identity.read_key(asked.key_pem)
        spki = identity.spki_sha256(key)
        claims = Claims(spki_sha256=spki, shows=self.shows, pause=self.pause)
        claims.show(proving.trust(asked.answer.get("confirm")))
        try:
            claimed = claims.until_issued(api, proving, float(asked.answer["poll_after_s"]))
        except Over as over:
            self.home.drop(NOTE)
            raise self._over(asked, over) from over
        certificate = str(claimed["certificate_pem"])
        uri = identity.name_of(proving.gateway_id, membership.device_id)
        identity.issued(certificate, str(claimed["ca_pem"]), key, uri, proving.ca_spki_sha256)
        return asked.key_pem + certificate

    def _asked(self, api: Api, membership: Membership) -> Asked:
        last, certificate = self._last()
        key = identity.new_key()
        told = api.post("/v1/pairing/recoveries", {})
        nonce, gateway = str(told["nonce"]), str(told["gateway_id"])
        if gateway != membership.gateway_id:
            raise Untrusted("this is not the gateway that the device was paired with")
        said = {
            "v": 1,
            "device_id": membership.device_id,
            "nonce": nonce,
            "certificate_pem": certificate,
            "csr_pem": identity.request(key),
            "proof": identity.recovery_proof(last, key, gateway, membership.device_id, nonce),
        }
        answer = _answered(api, said)
        asked = Asked(identity.key_pem(key), nonce, self.present(), answer)
        self.home.note(NOTE, asked.noted())
        return asked

    def _over(self, asked: Asked, over: Over) -> Problem:
        """Return what has ended a request; the gateway says to nobody which of both it was."""
        if self.present() - asked.at >= _DECIDED_WITHIN - _MOST_OFF:
            fix = "tell the operator, and try again"
            return Undecided(Exit.DENIED, over.document | {"detail": _UNDECIDED, "fix": fix})
        return Problem(Exit.DENIED, over.document | {"detail": _REJECTED, "fix": _FIX})

    def _last(self) -> tuple[identity.Key, str]:
        credential = read_private(self.home.credential)
        if credential is None:
            raise Problem.of(Exit.NOT_FOUND, f"there is no {self.home.credential}", _FIX)
        try:
            certificate = identity.certificate_of(credential)
            return identity.read_key(credential), certificate.public_bytes(Encoding.PEM).decode()
        except ValueError as error:
            raise Problem.of(Exit.FAILED, f"the key cannot be used: {error}", _FIX) from error


def _answered(api: Api, said: dict[str, Any]) -> dict[str, Any]:
    try:
        return api.post("/v1/pairing/recover", said)
    except Problem as problem:
        if problem.code is Exit.CONFLICT:
            raise problem.with_fix(_FIX) from problem
        raise
