"""API tokens of this cloud: the admin's, kept in the state folder, and those minted for others.

The clear text of the admin's is in STATE/token, for its owner's eyes (mode 0600); the cloud knows
only the hash. It stays the same over restarts, and is made good again if the table has lost it.
"""

from datetime import UTC, datetime, timedelta

from chalicelib.access.store import AccessStore
from chalicelib.access.token import Token, mint, parse
from chalicelib.errors import PalyraError, Unauthenticated
from infra.local.errors import LocalCloudError
from infra.local.place import Place
from infra.local.private_file import write_private

_ADMIN = "main"


def admin(place: Place) -> str:
    """Return the admin's token, good from now on."""
    if not place.token.exists():
        write_private(place.token, mint(_ADMIN).text)
    try:
        return _admit(parse(place.token.read_text().strip()), "admin")
    except Unauthenticated as error:
        raise LocalCloudError(
            f"{place.token} holds no token. Remove it: rm {place.token}"
        ) from error


def new(owner: str, days: int | None) -> str:
    """Return a new token of an owner, good from now on for so many days, or for ever."""
    try:
        return _admit(mint(owner), "minted on the command line", days)
    except PalyraError as error:
        raise LocalCloudError(f"{error.detail}: {error.fix}") from error


def _admit(token: Token, name: str, days: int | None = None) -> str:
    now = datetime.now(UTC)
    until = None if days is None else now + timedelta(days=days)
    AccessStore().admit(token, name=name, now=now, until=until)
    return token.text
