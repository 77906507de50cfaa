"""Recovering: the way back of a device whose certificate has ended, with the key of it.

It makes a new key, signs with the last one that the new one is to follow, and waits for the
operator. Nothing of it is kept: one that is interrupted before the certificate came begins again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding

from cli.client import Api
from cli.connection import is_loopback
from cli.node import identity
from cli.node.addresses import Addresses
from cli.node.claims import Claims
from cli.node.handshake import Device, Proving, Untrusted, came_back, unwritten
from cli.node.home import Home, Membership
from cli.node.line import HEADERS, agent
from cli.node.pairing import activated
from cli.node.private import read_private
from cli.problem import Exit, Problem

_SECONDS = 30.0
_FIX = (
    "a device comes back within seven days after its certificate has ended, unless it was thrown"
    " out; otherwise ask the operator for a code, and pair it again"
)


@dataclass(kw_only=True, eq=False, repr=False)
class Recovering:
    """One attempt to come back.

    Attributes:
        at: where the gateway is.
        shows: shows the number that the operator may ask for.
        pause: waits for so many seconds.
    """

    home: Home
    at: Addresses
    shows: Callable[[str], None]
    pause: Callable[[float], None]

    def run(self) -> dict[str, Any]:
        """Come back, and return what the gateway says of the device.

        Raises:
            Problem: it was refused, not decided in time, or nobody answered.
        """
        membership = self.home.membership()
        try:
            with self._http() as http:
                credential = self._certified(Api(http=http), membership)
        except Untrusted as error:
            raise Problem.of(Exit.DENIED, str(error), "check --api, and try again") from error
        where = replace(membership, nodes=self.at.nodes, nodes_ca=self.at.nodes_ca)
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
        answer = _asked(api, said)
        device = Device(membership.device_id, membership.kind, identity.spki_sha256(key))
        secret = identity.exchanged(key, unwritten(answer["msg_b"]))
        proving = came_back(device, nonce, gateway, answer, secret)
        return identity.key_pem(key) + self._claimed(api, proving, answer, key, device.id)

    def _claimed(
        self, api: Api, proving: Proving, answer: dict[str, Any], key: identity.Key, device_id: str
    ) -> str:
        claims = Claims(shows=self.shows, pause=self.pause)
        claims.show(proving.trust(answer["confirm"]))
        claimed = claims.until_issued(api, proving, float(answer["poll_after_s"]))
        certificate = str(claimed["certificate_pem"])
        uri = identity.name_of(proving.gateway_id, device_id)
        identity.issued(certificate, str(claimed["ca_pem"]), key, uri, proving.ca_spki_sha256)
        return certificate

    def _last(self) -> tuple[identity.Key, str]:
        credential = read_private(self.home.credential)
        if credential is None:
            raise Problem.of(Exit.NOT_FOUND, f"there is no {self.home.credential}", _FIX)
        try:
            certificate = identity.certificate_of(credential)
            return identity.read_key(credential), certificate.public_bytes(Encoding.PEM).decode()
        except ValueError as error:
            raise Problem.of(Exit.FAILED, f"the key cannot be used: {error}", _FIX) from error


def _asked(api: Api, said: dict[str, Any]) -> dict[str, Any]:
    try:
        return api.post("/v1/pairing/recover", said)
    except Problem as problem:
        if problem.code is Exit.CONFLICT:
            raise problem.with_fix(_FIX) from problem
        raise
