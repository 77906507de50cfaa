"""RemoteIssuer: asks the function `node_issuer`, the only one whose role may sign.

The API can ask for certificates, and cannot make any: what is asked for is read and decided again
there, by that function's own clock.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib import aws
from chalicelib.errors import Unavailable
from chalicelib.nodes.authority import messages
from chalicelib.nodes.authority.service import DeviceName, Gateway, IssuedCertificate
from chalicelib.settings import resource

if TYPE_CHECKING:
    # Not for the sweep, which asks for no certificates: what reads requests is slow to load.
    from chalicelib.nodes.authority.csr import NodeRequest

FUNCTION = "node_issuer"


class RemoteIssuer:
    """The issuer of this stage, as others reach it."""

    def gateway(self, now: datetime) -> Gateway:
        """Return who this gateway is."""
        del now  # The function has a clock of its own.
        return messages.to_gateway(self._ask({"do": "gateway"}))

    def issue(
        self, request: "NodeRequest", device: DeviceName, serial_of: str, now: datetime
    ) -> IssuedCertificate:
        """Issue the certificate of an approved pairing, or return it."""
        del now
        asked = {
            "do": "issue",
            "csr_pem": request.pem,
            "device": device._asdict(),
            "serial_of": serial_of,
        }
        return messages.to_certificate(self._ask(asked))

    def renew(
        self, owner: str, device_id: str, shown: str, asked: Mapping[str, str]
    ) -> IssuedCertificate:
        """Issue the certificate that follows a device's current one, or return it.

        Args:
            owner: the workspace of the device.
            device_id: the device that asks.
            shown: the fingerprint of the certificate that it called with.
            asked: `csr_pem`, `nonce` and `proof`, as the node sent them.

        Raises:
            Invalid: names what is wrong with the request.
            Conflict: the nonce, the key or the certificate that was shown cannot be used.
            Unavailable: the issuer cannot be reached; ask again with the same request.
        """
        whose = {"owner": owner, "device_id": device_id}
        told = self._ask({"do": "renew", "device": whose, "shown": shown, **asked})
        return messages.to_certificate(told)

    def roll_over(self, step: str, actor: str) -> Gateway:
        """Prepare the authority that is to follow, or let it sign.

        Args:
            step: `prepare` or `switch`.
            actor: who asks, as `token:laptop`.

        Raises:
            Conflict: there is nothing to prepare or to switch to.
            Unavailable: the issuer cannot be reached.
        """
        return messages.to_gateway(self._ask({"do": step, "actor": actor}))

    def publish(self) -> Sequence[str]:
        """Let the front trust the authorities of the table, and no others.

        Returns:
            The key ids of those that were retired with it.

        Raises:
            Unavailable: the issuer cannot be reached.
        """
        return list(self._ask({"do": "publish"})["retired"])

    def _ask(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = aws.call("Lambda", self._invoke, Payload=json.dumps(asked).encode())
        if "FunctionError" in answer:
            raise Unavailable("the issuer of certificates failed", fix="try again; see its log")
        told: Mapping[str, Any] = json.loads(answer["Content"])
        if messages.REFUSAL in told:
            raise messages.to_refusal(told[messages.REFUSAL])
        found: Mapping[str, Any] = told[messages.ANSWER]
        return found

    def _invoke(self, **arguments: Any) -> Mapping[str, Any]:
        answer = self._client.invoke(FunctionName=resource(FUNCTION), **arguments)
        return {**answer, "Content": answer["Payload"].read()}

    @cached_property
    def _client(self) -> Any:
        return aws.client("lambda")
