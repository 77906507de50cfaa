"""Claims: a device that has proven who it is waits for the operator, and for its certificate."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple

from cli.client import Api
from cli.node.handshake import Proving, Trusted
from cli.problem import Exit, Problem

SESSIONS = "/v1/pairing/sessions"
_LONGEST_WAIT = 48.0
_MOST_FAILURES = 20


class Shown(NamedTuple):
    """What the operator looks for on the device.

    Attributes:
        number: to be typed.
        fingerprint: of the device's key, as hexadecimal digits; to be compared.
    """

    number: str
    fingerprint: str


class Over(Problem):
    """The request is no more: it was rejected, or its time is over."""


@dataclass(kw_only=True, eq=False, repr=False)
class Claims:
    """The questions of one device.

    Attributes:
        spki_sha256: of the key that a certificate is asked for.
        shows: shows what the operator has to compare and to type.
        pause: waits for so many seconds.
    """

    spki_sha256: bytes
    shows: Callable[[Shown], None]
    pause: Callable[[float], None]
    _is_shown: bool = field(init=False, default=False)

    def show(self, trusted: Trusted) -> None:
        """Show it, once."""
        if not self._is_shown:
            self._is_shown = True
            self.shows(Shown(trusted.sas, self.spki_sha256.hex()))

    def until_issued(self, api: Api, proving: Proving, wait: float) -> dict[str, Any]:
        """Ask what became of the request until there is a certificate.

        Raises:
            Over: there will be none.
            Problem: it has failed too often.
            Untrusted: whoever answers does not have the keys of the session.
        """
        path, failures = f"{SESSIONS}/{proving.session_id}/claim", 0
        while True:
            self.pause(wait)
            try:
                nonce = str(api.post(path, {})["nonce"])
                answer = api.post(path, proving.claim(nonce))
            except Problem as problem:
                failures += 1
                wait = _borne(problem, failures, wait)
                continue
            failures = 0
            trusted = proving.trust(answer["confirm"])
            if answer["state"] == "issued":
                return answer
            # Where the answer to hello was lost, nobody has seen the number yet.
            self.show(trusted)


def _borne(problem: Problem, failures: int, wait: float) -> float:
    """Return how long to wait after a question that failed.

    Raises:
        Over: the request is no more.
        Problem: it has failed too often.
    """
    if problem.code is Exit.CONFLICT:
        detail = "the request was rejected, or was not decided in time"
        fix = "ask the operator for another code"
        raise Over(Exit.DENIED, problem.document | {"detail": detail, "fix": fix}) from problem
    if problem.code is not Exit.UNAVAILABLE or failures > _MOST_FAILURES:
        raise problem
    is_early = problem.document.get("status") == HTTPStatus.TOO_MANY_REQUESTS
    return min(2 * wait, _LONGEST_WAIT) if is_early else wait
