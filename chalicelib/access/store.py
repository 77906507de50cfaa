"""AccessStore: the tokens that are good. IdempotencyStore: the requests that made something."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.access.idempotency import KEPT, Kept, RequestKey, answer
from chalicelib.access.token import Token
from chalicelib.clock import to_ms
from chalicelib.policy.request import Role
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, Write, owned

_REQUESTS = "idempotency"


class TokenRow(Table):
    """A token that is good, known by its hash alone."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("access")

    sk = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    role = UnicodeAttribute(null=True)
    created_at = WholeNumber()
    ttl = WholeNumber(null=True)


class RequestRow(Table):
    """A request that made something."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("system")

    sk = UnicodeAttribute(range_key=True)
    made = UnicodeAttribute()
    body_sha256 = UnicodeAttribute()
    ttl = WholeNumber()


class Admitted(NamedTuple):
    """The name of a token, its role, and until when it is good; None for ever."""

    name: str
    until: datetime | None
    role: Role = Role.ADMIN


class AccessStore:
    """Who may come in."""

    def admit(
        self,
        token: Token,
        *,
        name: str,
        now: datetime,
        until: datetime | None = None,
        role: Role = Role.ADMIN,
    ) -> None:
        """Make a token good from now on; admitting it again changes nothing.

        Args:
            token: the token.
            name: what it is known by in the journal.
            now: the instant that it is good from.
            until: the instant from which it is good no more; None for never.
            role: what whoever shows it may do.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = TokenRow(
            owned(token.owner, "token"),
            token.digest,
            name=name,
            role=role,
            created_at=to_ms(now),
            ttl=int(until.timestamp()) if until else None,
        )
        try:
            row.put(TokenRow.pk.does_not_exist())
        except Refused:
            return

    def admitted(self, token: Token) -> Admitted | None:
        """Return what is known of a token, or None where it is not one of ours.

        Raises:
            Unavailable: DynamoDB did not answer; nobody is let in then.
        """
        row = TokenRow.find(owned(token.owner, "token"), token.digest)
        if row is None:
            return None
        until = None if row.ttl is None else datetime.fromtimestamp(row.ttl, UTC)
        # Tokens that are older than roles could do everything.
        return Admitted(row.name, until, Role(row.role or Role.ADMIN))


class IdempotencyStore:
    """What requests under an idempotency key have made; a key is forgotten after 30 days."""

    def made(self, key: RequestKey, now: datetime) -> str | None:
        """Return the id of what the same request made before, or None.

        Raises:
            Invalid: the key was used for another body.
            Unavailable: DynamoDB did not answer.
        """
        row = RequestRow.find(owned(key.owner, _REQUESTS), key.digest)
        # DynamoDB deletes expired items days late.
        if row is None or row.ttl <= int(now.timestamp()):
            return None
        return answer(key, Kept(row.made, row.body_sha256))

    def write(self, key: RequestKey, made: str, now: datetime) -> Write:
        """Return the put of an unused key, for the transaction that makes what it stands for."""
        return self._row(key, made, now).put_write(_unused(now))

    def keep(self, key: RequestKey, made: str, now: datetime) -> None:
        """Let a key stand for what another request made; a key in use stays as it is.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        with suppress(Refused):
            self._row(key, made, now).put(_unused(now))

    @staticmethod
    def _row(key: RequestKey, made: str, now: datetime) -> RequestRow:
        return RequestRow(
            owned(key.owner, _REQUESTS),
            key.digest,
            made=made,
            body_sha256=key.body_sha256,
            ttl=int((now + KEPT).timestamp()),
        )


def _unused(now: datetime) -> Condition:
    expired = RequestRow.ttl <= int(now.timestamp())
    unused: Condition = RequestRow.pk.does_not_exist() | expired
    return unused
