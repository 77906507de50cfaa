"""Minting: what operators do with codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.store import IdempotencyStore
from chalicelib.clock import Clock
from chalicelib.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.pairing import events, limits
from chalicelib.nodes.pairing.code import PairingCode, Secret, mint_id, mint_secret, qr_text
from chalicelib.nodes.pairing.gateway import KnownGateway
from chalicelib.nodes.pairing.machine import CodeState
from chalicelib.nodes.pairing.method import ClientKind, PairingMethod
from chalicelib.nodes.pairing.sealing import SecretSealer
from chalicelib.nodes.pairing.store import CODES, PairingStore, Register, row_of_code
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled

_TRIES = 24
_BETWEEN = "#"
SECRET = "secret"  # noqa: S105 - the name of what is sealed


class NewCode(NamedTuple):
    """A code that is to be minted.

    Attributes:
        lasts: how long somebody may begin with it.
        label: what the device is to be called, or empty.
        url: where nodes reach the API; a QR code says it.
    """

    method: PairingMethod
    client_kind: ClientKind
    lasts: timedelta
    label: str
    url: str


class Minted(NamedTuple):
    """A code with its secret, for the one answer that hands it over.

    Attributes:
        pin: six digits, of a code to be typed.
        qr: what the QR code says, of one to be scanned.
    """

    code: PairingCode
    pin: str | None
    qr: str | None

    def __repr__(self) -> str:
        """Show which code it is, never its secret."""
        return f"Minted({self.code!r})"


@dataclass(kw_only=True, eq=False, repr=False)
class Minting:
    """Codes.

    Attributes:
        allows_qr: whether codes to be scanned may be minted.
    """

    store: PairingStore
    sealer: SecretSealer
    gateway: KnownGateway
    requests: IdempotencyStore
    journal: JournalStore
    clock: Clock
    ids: Ids
    random_bytes: Callable[[int], bytes]
    allows_qr: bool

    def mint(self, owner: str, actor: str, new: NewCode, key: RequestKey | None = None) -> Minted:
        """Mint a code; its secret is told this once.

        A request that minted one before under the same key mints no other, and is told which it
        was: its secret is kept in no form that it could be told of again.

        Raises:
            Denied: codes to be scanned are switched off.
            Invalid: it lasts too long or too short, the label holds a secret, or the key was used
                for another body.
            Conflict: the operator, or the owner, has too many codes; or the same request minted
                one before.
            Unavailable: AWS did not answer; a code that was minted expires by itself.
        """
        self._check(new)
        secret = mint_secret(new.method, self.random_bytes)
        for _ in range(_TRIES):
            now = self.clock.now()
            self._refuse_repeated(key, now)
            register = self.store.register(owner, CODES)
            live = self._live(owner, register, now)
            _refuse_too_many(live, actor)
            code = self._code(owner, actor, new, now)
            sealed = self.sealer.seal(row_of_code(code), {SECRET: secret.content})
            ids = [*(each.id for each in live), code.id]
            writes = [
                self.store.minting(code, sealed),
                self.store.registering(owner, CODES, register, ids),
            ]
            if key:
                writes.append(self.requests.write(key, _made(code), now))
            try:
                self.journal.append_with(events.minted(code), writes)
            except Cancelled:
                if not self._is_ours(code, key, now):
                    continue  # Others have this id, or minted one, or used the key meanwhile.
            return self._told(code, secret, new.url, now)
        raise Unavailable("others keep minting codes", fix="try again")

    def list(self, owner: str) -> Sequence[PairingCode]:
        """Return the codes that somebody may begin with, the oldest first."""
        live = self._live(owner, self.store.register(owner, CODES), self.clock.now())
        return sorted(live, key=lambda each: each.serial)

    def revoke(self, owner: str, actor: str, code_id: str) -> None:
        """End a code at once; its sessions that have not proven it end with it.

        Raises:
            NotFound: the owner has no such code that has not ended.
            Unavailable: AWS did not answer.
        """
        stored = self.store.code(code_id)
        code = stored.code if stored else None
        if code is None or code.owner != owner or code.state is not CodeState.ACTIVE:
            raise NotFound(f"there is no code {code_id!r:.20} that could be ended")
        try:
            event = events.killed(code, actor, self.clock.now())
            self.journal.append_with(event, [self.store.killing(code)])
        except Cancelled:
            raise NotFound("the code has ended meanwhile") from None

    def _check(self, new: NewCode) -> None:
        if new.method is PairingMethod.QR and not self.allows_qr:
            raise Denied(
                "codes to be scanned are switched off",
                field="method",
                fix='use "pin", or set pairing.qr to true',
            )
        if not limits.SHORTEST_CODE <= new.lasts <= limits.LONGEST_CODE:
            least, most = (int(each.total_seconds()) for each in _BOUNDS)
            raise Invalid(
                f"it is {int(new.lasts.total_seconds())}",
                field="ttl_s",
                fix=f"use {least} to {most}",
            )
        refuse_secrets("label", new.label)

    def _refuse_repeated(self, key: RequestKey | None, now: datetime) -> None:
        if key and (made := self.requests.made(key, now)):
            code_id = made.partition(_BETWEEN)[0]
            raise Conflict(
                f"this request minted code {code_id} before: a secret is told once",
                field="Idempotency-Key",
                fix=f"where its answer was lost, end it with DELETE /v1/pairing/codes/{code_id}, "
                "and mint another under a new key",
            )

    def _is_ours(self, code: PairingCode, key: RequestKey | None, now: datetime) -> bool:
        # The reply was lost, and the repeat refused by its own effect.
        return key is not None and self.requests.made(key, now) == _made(code)

    def _live(self, owner: str, register: Register, now: datetime) -> Sequence[PairingCode]:
        # An id that was used up may be another owner's by now.
        found = self.store.codes(register.ids).values()
        return [each for each in found if each.owner == owner and each.is_live(now)]

    def _code(self, owner: str, actor: str, new: NewCode, now: datetime) -> PairingCode:
        return PairingCode(
            id=mint_id(self.random_bytes),
            serial=self.ids.ulid(now),
            owner=owner,
            method=new.method,
            client_kind=new.client_kind,
            minted_by=actor,
            label=new.label,
            state=CodeState.ACTIVE,
            created_at=now,
            expires_at=now + new.lasts,
        )

    def _told(self, code: PairingCode, secret: Secret, url: str, now: datetime) -> Minted:
        if code.method is PairingMethod.PIN:
            return Minted(code, secret.pin, None)
        gateway = self.gateway.get(now)
        ca_spki = bytes.fromhex(gateway.ca_spki_sha256)
        return Minted(code, None, qr_text(secret, code.id, gateway.gateway_id, url, ca_spki))


def _made(code: PairingCode) -> str:
    # An id is another code's some day; the serial is this one's for ever.
    return f"{code.id}{_BETWEEN}{code.serial}"


_BOUNDS = (limits.SHORTEST_CODE, limits.LONGEST_CODE)


def _refuse_too_many(live: Sequence[PairingCode], actor: str) -> None:
    own = sum(each.minted_by == actor for each in live)
    if own >= limits.CODES_OF_OPERATOR or len(live) >= limits.CODES_OF_OWNER:
        raise Conflict(
            f"{own} codes of yours are live, and {len(live)} in all",
            fix="end one with DELETE /v1/pairing/codes/{code_id}, or wait until one has expired",
        )
