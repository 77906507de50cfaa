"""The page of pairing: a code with its secret once, who asks by one, and what can be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import NamedTuple

from chalicelib.console import qr
from chalicelib.console.status import Status, Tone
from chalicelib.errors import PalyraError
from chalicelib.nodes.pairing import limits
from chalicelib.nodes.pairing.code import PairingCode
from chalicelib.nodes.pairing.machine import SessionState
from chalicelib.nodes.pairing.method import ClientKind
from chalicelib.nodes.pairing.minting import Minted
from chalicelib.nodes.pairing.runtime import NodeRuntimeState
from chalicelib.nodes.pairing.session import PairingSession
from chalicelib.redaction import redact_text

LASTS_MINUTES = (2, 10, 30, 60)
_GROUP = 4
_STATES = {
    SessionState.PENDING_APPROVAL: Status("Asks", Tone.WARN, "question"),
    SessionState.APPROVED: Status("Approved, fetches its certificate", Tone.ACTIVE, "turning"),
    SessionState.ISSUED: Status("Has its certificate, makes no call yet", Tone.ACTIVE, "turning"),
}


class Refused(NamedTuple):
    """Why a form changed nothing, and what to do instead."""

    detail: str
    fix: str


class MintedPart(NamedTuple):
    """A code with its secret, as the one page shows it that answers the minting.

    Attributes:
        pin: what is typed at the device, or None.
        drawing: what the device scans, or None.
    """

    code: PairingCode
    pin: str | None
    drawing: qr.Drawing | None

    def __repr__(self) -> str:
        """Show which code it is, never its secret."""
        return f"MintedPart({self.code!r})"


class CodeLine(NamedTuple):
    """A code that can be used.

    Attributes:
        left: how many may begin with it still.
    """

    code: PairingCode
    left: int


class RequestLine(NamedTuple):
    """A device that has proven a code.

    Attributes:
        is_open: it waits for a decision.
        fingerprint: of its key, in groups that can be compared.
        left: how often its number may be typed still.
    """

    session: PairingSession
    status: Status
    is_open: bool
    fingerprint: str
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingPage:
    """What an operator pairs with.

    Attributes:
        minted: the code that was minted by the request that this page answers, or None.
        refused: why the request that this page answers changed nothing, or None.
    """

    codes: Sequence[CodeLine]
    requests: Sequence[RequestLine]
    allows_qr: bool
    minted: MintedPart | None
    refused: Refused | None
    kinds: Sequence[ClientKind] = tuple(ClientKind)
    minutes: Sequence[int] = LASTS_MINUTES
    numbers: int = limits.TYPED_NUMBERS
    usual: int = int(limits.USUAL_CODE / limits.MINUTE)


def pairing_page(
    runtime: NodeRuntimeState,
    owner: str,
    now: datetime,
    minted: Minted | None = None,
    refused: PalyraError | None = None,
) -> PairingPage:
    """Return the page.

    Raises:
        Unavailable: AWS did not answer.
    """
    return PairingPage(
        codes=[_code(each) for each in runtime.codes.list(owner)],
        requests=[_request(each, now) for each in runtime.requests.list(owner)],
        allows_qr=runtime.codes.allows_qr,
        minted=_minted(minted) if minted else None,
        refused=refusal(refused) if refused else None,
    )


def refusal(error: PalyraError) -> Refused:
    """Return what was refused in words; nothing of what was filled in is among them."""
    if not error.faults:
        return Refused(redact_text(error.detail), error.fix)
    fault = error.faults[0]
    detail = error.detail if fault.detail in error.detail else fault.detail
    return Refused(redact_text(detail), fault.fix or error.fix)


def _minted(of: Minted) -> MintedPart:
    return MintedPart(of.code, of.pin, qr.draw(of.qr) if of.qr else None)


def _code(of: PairingCode) -> CodeLine:
    return CodeLine(of, limits.ATTEMPTS - len(of.begun))


def _request(of: PairingSession, now: datetime) -> RequestLine:
    state = of.standing(now)
    return RequestLine(
        session=of,
        # It may have ended since it was listed.
        status=_STATES.get(state, Status(state.capitalize(), Tone.CALM, "stop")),
        is_open=state is SessionState.PENDING_APPROVAL,
        fingerprint=" ".join("".join(each) for each in batched(of.spki_sha256, _GROUP)),
        left=limits.TYPED_NUMBERS - len(of.typed),
    )
