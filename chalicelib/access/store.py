"""AccessStore: the tokens that are good, by owner and hash."""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.access.token import Token
from chalicelib.clock import to_ms
from chalicelib.settings import resource
from chalicelib.tables import Refused, Table, TableMeta, WholeNumber, owned


class TokenRow(Table):
    """A token that is good, known by its hash alone."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("access")

    sk = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    created_at = WholeNumber()


class AccessStore:
    """Who may come in."""

    def admit(self, token: Token, *, name: str, now: datetime) -> None:
        """Make a token good from now on; admitting it again changes nothing.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = TokenRow(owned(token.owner, "token"), token.digest, name=name, created_at=to_ms(now))
        try:
            row.put(TokenRow.pk.does_not_exist())
        except Refused:
            return

    def name_of(self, token: Token) -> str | None:
        """Return the name under which a token is good, or None.

        Raises:
            Unavailable: DynamoDB did not answer; nobody is let in then.
        """
        row = TokenRow.find(owned(token.owner, "token"), token.digest)
        return row.name if row else None
