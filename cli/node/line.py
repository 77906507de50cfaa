"""The nodes origin, as this device calls it: with its certificate on every call."""

import platform
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import httpx

from cli.client import Answer, Api
from cli.connection import is_loopback
from cli.node import identity
from cli.node.home import Membership
from cli.node.private import read_private
from cli.problem import Exit, Problem

_SECONDS = 30.0
_FINAL = frozenset({"certificate-refused", "client-cert-required"})
# The gateway's clock is the one that counts, and it has looked at it.
_ENDED = "alert certificate expired"
_PAIR_AGAIN = "ask the operator; then `palyra node unpair`, and pair this device again"
_COME_BACK = (
    "within seven days `palyra node run` and `palyra node recover` ask the operator to let it come"
    " back; later, `palyra node unpair` and pair this device again"
)
HEADERS = {"Accept": "application/json, application/problem+json"}


@dataclass(eq=False, repr=False)
class Line:
    """The calls of one device; only ever with one certificate, the newest that it has.

    Attributes:
        membership: which device it is.
        credential: the file of its key and certificate.
        present: what time it is on this device.
    """

    membership: Membership
    credential: Path
    present: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self._api = _api(self.membership, self.credential)

    def close(self) -> None:
        """End the connections."""
        self._api.http.close()

    def renewed(self) -> None:
        """Go on with the certificate that the file has by now, and never with the one before."""
        self.close()
        self._api = _api(self.membership, self.credential)

    def get(self, what: str) -> dict[str, Any]:
        """Return what the gateway shows this device.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        return self._api.get(self._path(what))

    def changed(self, what: str, etag: str | None) -> Answer | None:
        """Return what the gateway shows this device, or None while it is what had this ETag.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        return self._api.changed(self._path(what), etag)

    def post(self, what: str, **said: Any) -> dict[str, Any]:
        """Return what came of something that this device said.

        Raises:
            Problem: it was refused, or nobody answered.
        """
        return self._api.post(self._path(what), said)

    def refused(self, problem: Problem) -> "Refused | None":
        """Return what this device is told if it is let in no more, or None where it may try again.

        Whoever asks for certificates in front of the gateway refuses one that has ended in words
        of its own; only then the clock of this device has to say it.
        """
        is_foreign = problem.code is Exit.DENIED and "type" not in problem.document
        if not is_foreign and not is_final(problem):
            return None
        ends = self._ends()
        has_ended = _ENDED in problem.what or ends <= self.present()
        if is_foreign and not has_ended:
            return None
        return Refused.by(problem, ends if has_ended else None)

    def _ends(self) -> datetime:
        """Return when the certificate ends that this device has."""
        found = read_private(self.credential) or ""
        return identity.certificate_of(found).not_valid_after_utc

    def _path(self, what: str) -> str:
        return f"/v1/nodes/{self.membership.device_id}/{what}"


class Refused(Problem):
    """This device is let in no more, however often it tries.

    Attributes:
        ended: when its certificate has ended; None where that is not why.
    """

    ended: datetime | None = None

    @classmethod
    def by(cls, problem: Problem, ended: datetime | None) -> Self:
        """Return what is told of a refusal."""
        if ended is None:
            detail, fix = "it was thrown out, or a copy of its key was used", _PAIR_AGAIN
        else:
            detail, fix = f"its certificate has ended at {told(ended)}", _COME_BACK
        said = {"detail": f"the gateway lets this device in no more: {detail}", "fix": fix}
        made = cls(Exit.DENIED, problem.document | said)
        made.ended = ended
        return made


def told(moment: datetime) -> str:
    """Return an instant as it is told in a sentence."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def is_final(problem: Problem) -> bool:
    """Return whether this certificate is let in no more, however often it is tried."""
    kind = str(problem.document.get("type", "")).rpartition(":")[2]
    return kind in _FINAL or _ENDED in problem.what


def is_over(problem: Problem) -> bool:
    """Return whether what a call is about is not there, or not in that state, any more."""
    return problem.code in {Exit.CONFLICT, Exit.NOT_FOUND}


def is_bad(problem: Problem) -> bool:
    """Return whether what was sent is refused for what it says."""
    return problem.document.get("status") in {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }


def agent() -> str:
    """Return what this command calls itself; the operator sees it when it asks to be paired."""
    try:
        number = version("palyra")
    except PackageNotFoundError:
        number = "0"
    return f"palyra-node/{number} ({platform.system().lower()})"


def _api(membership: Membership, credential: Path) -> Api:
    if read_private(credential) is None:
        raise Problem.of(Exit.NOT_FOUND, f"there is no {credential}", "pair this device again")
    try:
        context = ssl.create_default_context(cadata=membership.nodes_ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(credential)
    except (ssl.SSLError, ValueError, OSError) as error:
        detail = f"key and certificates cannot be used: {error}"
        raise Problem.of(Exit.FAILED, detail, _PAIR_AGAIN) from error
    http = httpx.Client(
        base_url=membership.nodes,
        headers=HEADERS | {"User-Agent": agent()},
        verify=context,
        timeout=_SECONDS,
        # A proxy of the environment cannot reach this machine's own ports.
        trust_env=not is_loopback(membership.nodes),
    )
    return Api(http=http)
