"""Pairing: from what a person was told to a certificate that was used once.

What the gateway says is believed once it has proven to know the code. Nothing of the handshake is
kept: one that is interrupted before the certificate came begins again, with another code. Once the
certificate is there, it is kept, and what is left to do can be done by the next command.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from cli.client import Api
from cli.connection import is_loopback
from cli.node import identity
from cli.node.addresses import Addresses
from cli.node.claims import SESSIONS, Claims, Shown
from cli.node.handshake import Device, Handshake, Proving, Told, Untrusted
from cli.node.home import Home, Membership
from cli.node.line import HEADERS, Line, agent, is_final, is_over
from cli.problem import Exit, Problem

_SECONDS = 30.0
_FIRST_WAIT = 3.0
_ACTIVATION_WAITS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_BEGIN_FIX = (
    "check the code, the PIN and --kind; a code lasts ten minutes and five attempts: ask the"
    " operator for another one"
)
_THROWN_OUT_FIX = "; if this device was thrown out, `palyra node unpair` first"
_LATER_FIX = "within ten minutes `palyra node run` or `palyra node pair` does the rest"


@dataclass(kw_only=True, eq=False, repr=False)
class Pairing:
    """One attempt to pair this device.

    Attributes:
        told: what a person was told.
        at: where the gateway is.
        shows: shows what the operator has to compare and to type.
        pause: waits for so many seconds.
    """

    home: Home
    told: Told
    kind: str
    at: Addresses
    shows: Callable[[Shown], None]
    pause: Callable[[float], None]

    def run(self) -> dict[str, Any]:
        """Pair the device, and return what the gateway says of it.

        Raises:
            Problem: it was refused, not decided in time, or nobody answered.
        """
        try:
            with self._http() as http:
                membership, credential = self._certified(Api(http=http))
        except Untrusted as error:
            fix = "do not type the number; ask the operator for another code, and check --api"
            raise Problem.of(Exit.DENIED, str(error), fix) from error
        self.home.offer(membership, credential)
        return activated(self.home, self.pause)

    def _http(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.at.api,
            headers=HEADERS | {"User-Agent": agent()},
            timeout=_SECONDS,
            trust_env=not is_loopback(self.at.api),
        )

    def _certified(self, api: Api) -> tuple[Membership, str]:
        known = self.home.known()
        device_id = known.device_id if known else identity.new_device_id()
        key = identity.new_key()
        device = Device(device_id, self.kind, identity.spki_sha256(key))
        handshake = Handshake(self.told, device, secrets.token_bytes)
        fix = _BEGIN_FIX + (_THROWN_OUT_FIX if known else "")
        proving = handshake.answered(_begun(api, handshake, fix))
        claims = Claims(spki_sha256=device.spki_sha256, shows=self.shows, pause=self.pause)
        poll_after = _proven(api, proving, identity.request(key), claims, fix)
        claimed = claims.until_issued(api, proving, poll_after)
        certificate = str(claimed["certificate_pem"])
        uri = identity.name_of(proving.gateway_id, device_id)
        identity.issued(certificate, str(claimed["ca_pem"]), key, uri, proving.ca_spki_sha256)
        membership = Membership(
            device_id=device_id,
            kind=self.kind,
            gateway_id=proving.gateway_id,
            nodes=self.at.nodes,
            nodes_ca=self.at.nodes_ca,
            api=self.at.api,
        )
        return membership, identity.key_pem(key) + certificate


def _proven(api: Api, proving: Proving, csr: str, claims: Claims, fix: str) -> float:
    """Prove the code, show the number, and return how long to wait before a question."""
    try:
        answer = api.post(f"{SESSIONS}/{proving.session_id}/hello", proving.hello(csr))
    except Problem as problem:
        if problem.code is Exit.UNAVAILABLE:
            return _FIRST_WAIT  # It may have been taken: the first claim says so.
        raise problem.with_fix(fix) from problem
    claims.show(proving.trust(answer["confirm"]))
    return float(answer["poll_after_s"])


def _begun(api: Api, handshake: Handshake, fix: str) -> dict[str, Any]:
    try:
        return api.post(SESSIONS, handshake.begin())
    except Problem as problem:
        if problem.code is Exit.CONFLICT:
            raise problem.with_fix(fix) from problem
        raise


def activated(home: Home, pause: Callable[[float], None]) -> dict[str, Any]:
    """Make the first call with the certificate of a pairing, which makes this device a node.

    Raises:
        Problem: it is good for that no more, which forgets it; or nobody answered, which does not.
    """
    membership = home.offered()
    if membership is None:
        raise Problem.of(Exit.NOT_FOUND, "there is nothing to activate", "pair this device")
    line = Line(membership, home.offered_credential)
    try:
        answer = _first_call(line, pause)
    except Problem as problem:
        if is_final(problem) or is_over(problem):
            home.decline()
            raise problem.with_fix("pair this device again, with another code") from problem
        raise problem.with_fix(_LATER_FIX) from problem
    finally:
        line.close()
    home.accept()
    return answer


def _first_call(line: Line, pause: Callable[[float], None]) -> dict[str, Any]:
    for wait in _ACTIVATION_WAITS:
        pause(wait)
        try:
            return line.post("activate")
        except Problem as problem:
            if problem.code is not Exit.UNAVAILABLE or is_final(problem):
                raise
            lost = problem
    raise lost
