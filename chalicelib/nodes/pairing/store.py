"""PairingStore: codes, sessions, registers and limits; every change is a conditional write.

Attempts, tries and everything else that is counted are sets of ids: who comes again after a lost
reply is counted once. A session's step asks for the state and the version that it was decided on,
and for a deadline that has not passed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.clock import sortable, to_ms
from chalicelib.nodes.pairing import columns, limits
from chalicelib.nodes.pairing.code import PairingCode
from chalicelib.nodes.pairing.machine import ENDED, CodeState
from chalicelib.nodes.pairing.sealing import Sealed
from chalicelib.nodes.pairing.session import PairingSession, Polling
from chalicelib.nodes.rows import PAIRING, CodeRow, RegisterRow, SessionRow, WindowRow
from chalicelib.tables import Refused, Table, Write, owned, reading

_CODE, _SESSION, _WINDOW = "pairing-code", "pairing-session", "pairing-window"
_ONLY = "0"
CODES, REQUESTS = "codes", "requests"

type _Key = tuple[str, str]


class StoredCode(NamedTuple):
    """A code, and its secret as long as it is kept."""

    code: PairingCode
    secret: Sealed | None


class StoredSession(NamedTuple):
    """A session, and what is kept of the keys of its handshake."""

    session: PairingSession
    keys: Sealed | None


class Register(NamedTuple):
    """Which ids an owner has open, as they were seen; `ver` is 0 before the first."""

    ver: int = 0
    ids: tuple[str, ...] = ()


class Lately(NamedTuple):
    """Who was counted within the last while.

    Time is cut into windows, each a row: so the last while reaches into two of them.

    Attributes:
        before: those of the window before, as far as it is not too long ago.
        current: those of the present window.
    """

    before: Sequence[str]
    current: Sequence[str]

    @property
    def all(self) -> Sequence[str]:
        """Return all of them, the oldest first."""
        return [*self.before, *self.current]


class PairingStore:
    """Pairing, of all owners."""

    # Codes.

    def code(self, code_id: str) -> StoredCode | None:
        """Return a code, or None.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = CodeRow.find(_key(_CODE, code_id), _ONLY)
        return _stored_code(row) if row else None

    def codes(self, ids: Iterable[str]) -> Mapping[str, PairingCode]:
        """Return those codes that there are, by their ids."""
        rows = CodeRow.find_all([(_key(_CODE, each), _ONLY) for each in ids])
        return {found.id: found for found in map(columns.code, rows)}

    def minting(self, code: PairingCode, secret: Sealed) -> Write:
        """Return the put of a code, refused where another one of its id is live."""
        row = CodeRow(_key(_CODE, code.id), _ONLY, **columns.of_code(code), **secret._asdict())
        is_over = CodeRow.expires_at <= to_ms(code.created_at)
        is_used = CodeRow.state != str(CodeState.ACTIVE)
        return row.put_write(CodeRow.pk.does_not_exist() | is_over | is_used)

    def charge(self, code_id: str, session_id: str, now: datetime) -> StoredCode | None:
        """Count an attempt before anything is known of it.

        Returns:
            The code with its attempt, or None where there is none that anybody may begin with.

        Raises:
            Unavailable: the effect is unknown.
        """
        may_begin = (
            (CodeRow.state == str(CodeState.ACTIVE))
            & (CodeRow.expires_at > to_ms(now))
            & (CodeRow.begun.does_not_exist() | (size(CodeRow.begun) < limits.ATTEMPTS))
        )
        attempt = [CodeRow.begun.add({session_id})]
        try:
            return _stored_code(CodeRow.change(_key(_CODE, code_id), _ONLY, attempt, may_begin))
        except Refused as refused:
            # After a lost reply the SDK's repeat meets the attempt that it made itself.
            is_ours = refused.old is not None and session_id in (refused.old.begun or ())
            return _stored_code(refused.old) if is_ours else None

    def forget_secret(self, code: PairingCode) -> None:
        """Delete the secret of a code that nobody may begin with any more."""
        actions = [CodeRow.wrapped.remove(), CodeRow.sealed.remove()]
        _unless_refused(CodeRow, _key(_CODE, code.id), actions, _is_same(code))

    def consuming(self, session: PairingSession, now: datetime) -> Write:
        """Return what makes a session the one that its code was for, if the code is live."""
        is_live = (
            (CodeRow.state == str(CodeState.ACTIVE))
            & (CodeRow.serial == session.code_serial)
            & (CodeRow.expires_at > to_ms(now))
        )
        key = _key(_CODE, session.code_id)
        return CodeRow.change_write(key, _ONLY, _ends(CodeState.CONSUMED), is_live)

    def killing(self, code: PairingCode) -> Write:
        """Return the end of a code that was not consumed; its secret goes with it."""
        is_active = _is_same(code) & (CodeRow.state == str(CodeState.ACTIVE))
        return CodeRow.change_write(_key(_CODE, code.id), _ONLY, _ends(CodeState.DEAD), is_active)

    def kill(self, code: PairingCode) -> None:
        """End a code that has expired; one that ended otherwise stays so."""
        is_active = _is_same(code) & (CodeRow.state == str(CodeState.ACTIVE))
        _unless_refused(CodeRow, _key(_CODE, code.id), _ends(CodeState.DEAD), is_active)

    # Sessions.

    def begin(self, session: PairingSession, keys: Sealed) -> None:
        """Put a session; its id is new.

        Raises:
            Unavailable: the effect is unknown.
        """
        row = _session_row(session, keys)
        try:
            row.put(SessionRow.pk.does_not_exist())
        except Refused as refused:
            if refused.old.op != session.op:
                raise

    def beginning(self, session: PairingSession, keys: Sealed) -> Write:
        """Return the put of a session, for a transaction; its id is new."""
        return _session_row(session, keys).put_write(SessionRow.pk.does_not_exist())

    def session(self, session_id: str) -> StoredSession | None:
        """Return a session, or None.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = SessionRow.find(_key(_SESSION, session_id), _ONLY)
        return _stored_session(row) if row else None

    def sessions(self, ids: Iterable[str]) -> Sequence[PairingSession]:
        """Return those sessions that there are, in the order in which they were begun."""
        rows = SessionRow.find_all([(_key(_SESSION, each), _ONLY) for each in ids])
        return sorted(map(columns.session, rows), key=lambda each: each.id)

    def moving(
        self,
        before: PairingSession,
        after: PairingSession,
        keys: Sealed | None,
        now: datetime,
        *,
        is_late: bool = False,
    ) -> Write:
        """Return a step of a session, for a transaction.

        Args:
            before: the session as it was seen.
            after: the session after the step.
            keys: what is kept of the handshake's keys; None where nothing is.
            now: the present instant.
            is_late: the deadline must have passed, instead of lying ahead.
        """
        actions = _changes(before, after, keys)
        seen = _is_late(before, now) if is_late else _is_seen(before, now)
        return SessionRow.change_write(_key(_SESSION, before.id), _ONLY, actions, seen)

    def move(
        self, before: PairingSession, after: PairingSession, keys: Sealed | None, now: datetime
    ) -> bool:
        """Make a step of a session; say whether it was made.

        Raises:
            Unavailable: the effect is unknown.
        """
        actions = _changes(before, after, keys)
        key = _key(_SESSION, before.id)
        try:
            SessionRow.change(key, _ONLY, actions, _is_seen(before, now))
        except Refused as refused:
            return refused.old is not None and bool(refused.old.op == after.op)
        return True

    def type_number(self, session: PairingSession, op: str, now: datetime) -> bool:
        """Count an operator's try to type the number before it is looked at.

        Returns:
            Whether it may be looked at: the request is as it was seen, and tries are left.
        """
        may_type = _is_seen(session, now) & (
            SessionRow.typed.does_not_exist() | (size(SessionRow.typed) < limits.TYPED_NUMBERS)
        )
        try:
            SessionRow.change(
                _key(_SESSION, session.id), _ONLY, [SessionRow.typed.add({op})], may_type
            )
        except Refused as refused:
            return refused.old is not None and op in (refused.old.typed or ())
        return True

    def ask(self, session: PairingSession, nonce: str, polling: Polling) -> bool:
        """Let a claim's nonce be used up, and say whether it was not used before."""
        written = columns.of_polling(nonce, polling)
        actions = [getattr(SessionRow, name).set(value) for name, value in written.items()]
        is_unused = SessionRow.nonce == session.nonce
        try:
            SessionRow.change(_key(_SESSION, session.id), _ONLY, actions, is_unused)
        except Refused as refused:
            return refused.old is not None and bool(refused.old.nonce == nonce)
        return True

    def note_replay(self, session: PairingSession) -> bool:
        """Note that somebody sent what was used up before, and say whether that is news."""
        actions, is_news = [SessionRow.replayed.set(True)], SessionRow.replayed.does_not_exist()
        try:
            SessionRow.change(_key(_SESSION, session.id), _ONLY, actions, is_news)
        except Refused:
            return False
        return True

    def overdue(self, now: datetime, limit: int) -> Iterable[StoredCode | StoredSession]:
        """Yield codes and sessions whose time has passed and that nobody has ended."""
        found = reading(
            CodeRow.expiring_index.query(PAIRING, CodeRow.expires_at <= to_ms(now), limit=limit)
        )
        for pk in [row.pk for row in found]:
            _, kind, name = pk.split("#")
            stored = self.code(name) if kind == _CODE else self.session(name)
            if stored:
                yield stored

    # Registers.

    def register(self, owner: str, which: str) -> Register:
        """Return which codes, or which requests, an owner has open."""
        row = RegisterRow.find(owned(owner, "pairing"), which)
        return Register(int(row.ver), tuple(json.loads(row.listed))) if row else Register()

    def registering(self, owner: str, which: str, seen: Register, ids: Sequence[str]) -> Write:
        """Return the change of a register, refused where it is not as it was seen."""
        row = RegisterRow(
            owned(owner, "pairing"), which, ver=seen.ver + 1, listed=json.dumps([*ids])
        )
        same = RegisterRow.ver == seen.ver
        return row.put_write(same if seen.ver else RegisterRow.pk.does_not_exist())

    # Limits.

    def lately(self, whats: Mapping[str, timedelta], now: datetime) -> Mapping[str, Lately]:
        """Return who was counted within the last while, by one request.

        Args:
            whats: what is counted, and for how long.
            now: the present instant.
        """
        keys = {what: _windows(what, lasts, now) for what, lasts in whats.items()}
        found = WindowRow.find_all([key for both in keys.values() for key in both])
        ids = {(row.pk, row.sk): row.counted or () for row in found}
        return {
            what: Lately(
                limits.since(ids.get(before, ()), now - whats[what]), sorted(ids.get(current, ()))
            )
            for what, (before, current) in keys.items()
        }

    def count(
        self, what: str, id_: str, most: int, lasts: timedelta, now: datetime, seen: Lately
    ) -> int | None:
        """Count a ULID, and return how many there are of the last while; None where it is full.

        Args:
            what: what is counted.
            id_: who is counted; once, however often they come.
            most: how many there may be.
            lasts: how long they count.
            now: the present instant.
            seen: who was counted lately.
        """
        begin, room = limits.window(now, lasts), most - len(seen.before)
        if room <= 0:
            return None
        actions = [
            WindowRow.counted.add({id_}),
            WindowRow.ttl.set(int((begin + 2 * lasts).timestamp())),
        ]
        has_room = WindowRow.counted.does_not_exist() | (size(WindowRow.counted) < room)
        try:
            row = WindowRow.change(_key(_WINDOW, what), sortable(begin), actions, has_room)
        except Refused as refused:
            if id_ not in (refused.old.counted or ()):
                return None
            row = refused.old
        return len(seen.before) + len(row.counted)


def row_of(session_id: str) -> str:
    """Return the name that the keys of a session are sealed for."""
    return _key(_SESSION, session_id)


def row_of_code(code: PairingCode) -> str:
    """Return the name that the secret of a code is sealed for; unlike its id, no other has it."""
    return _key(_CODE, code.id, code.serial)


def _key(*names: str) -> str:
    return owned("system", *names)


def _session_row(session: PairingSession, keys: Sealed) -> SessionRow:
    written = columns.of_session(session)
    written |= columns.of_polling(session.nonce, session.polling)
    return SessionRow(_key(_SESSION, session.id), _ONLY, **written, **keys._asdict())


def _windows(what: str, lasts: timedelta, now: datetime) -> tuple[_Key, _Key]:
    """Return the keys of the window before, and of the present one."""
    begin = limits.window(now, lasts)
    pk = _key(_WINDOW, what)
    return (pk, sortable(begin - lasts)), (pk, sortable(begin))


def _is_same(code: PairingCode) -> Condition:
    same: Condition = CodeRow.serial == code.serial
    return same


def _ends(state: CodeState) -> Sequence[Action]:
    return [
        CodeRow.state.set(str(state)),
        CodeRow.wrapped.remove(),
        CodeRow.sealed.remove(),
        CodeRow.expiring.remove(),
    ]


def _is_seen(session: PairingSession, now: datetime) -> Condition:
    seen: Condition = (
        (SessionRow.state == str(session.state))
        & (SessionRow.version == session.version)
        & (SessionRow.expires_at > to_ms(now))
    )
    return seen


def _is_late(session: PairingSession, now: datetime) -> Condition:
    late: Condition = (
        (SessionRow.state == str(session.state))
        & (SessionRow.version == session.version)
        & (SessionRow.expires_at <= to_ms(now))
    )
    return late


def _changes(
    before: PairingSession, after: PairingSession, keys: Sealed | None
) -> Sequence[Action]:
    was, becomes = columns.of_session(before), columns.of_session(after)
    changed = {name: value for name, value in becomes.items() if value != was[name]}
    kept = keys if after.state not in ENDED else None
    changed |= kept._asdict() if kept else dict.fromkeys(Sealed._fields)
    return [
        getattr(SessionRow, name).remove()
        if value is None
        else getattr(SessionRow, name).set(value)
        for name, value in changed.items()
    ]


def _unless_refused(
    table: type[Table], pk: str, actions: Sequence[Action], condition: Condition
) -> None:
    try:
        table.change(pk, _ONLY, actions, condition)
    except Refused:
        return


def _stored_code(row: CodeRow) -> StoredCode:
    secret = Sealed(row.wrapped, row.sealed) if row.wrapped and row.sealed else None
    return StoredCode(columns.code(row), secret)


def _stored_session(row: SessionRow) -> StoredSession:
    keys = Sealed(row.wrapped, row.sealed) if row.wrapped and row.sealed else None
    return StoredSession(columns.session(row), keys)
