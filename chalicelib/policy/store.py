"""PolicyStore: the versions of owners' policies, and which one is active.

A version is put where there is none and never written again. The active one is a row of its own,
changed only as it was seen: it carries a number that each change raises.
"""

from collections.abc import Sequence

from pynamodb.attributes import UnicodeAttribute

from chalicelib.clock import from_ms, to_ms
from chalicelib.policy.versions import Activation, PolicyVersion
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, Write, owned

_VERSIONS, _ACTIVE, _ONLY = "versions", "active", "0"
_DIGITS = 9


class VersionRow(Table):
    """A version; the sort key is its number in fixed width."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("policies")

    sk = UnicodeAttribute(range_key=True)
    text = UnicodeAttribute()
    note = UnicodeAttribute()
    author = UnicodeAttribute()
    at = WholeNumber()
    sha256 = UnicodeAttribute()
    op = UnicodeAttribute()


class ActiveRow(Table):
    """Which version is active."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("policies")

    sk = UnicodeAttribute(range_key=True)
    number = WholeNumber()
    version = WholeNumber()
    previous = WholeNumber()
    at = WholeNumber()
    by = UnicodeAttribute()
    op = UnicodeAttribute()


class PolicyStore:
    """Policies of all owners."""

    def active(self, owner: str) -> Activation:
        """Return what is active, by a strongly consistent read.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = ActiveRow.find(owned(owner, _ACTIVE), _ONLY)
        if row is None:
            return Activation()
        return Activation(
            number=int(row.number),
            version=int(row.version),
            previous=int(row.previous),
            at=from_ms(row.at),
            by=row.by,
            op=row.op,
        )

    def activation(self, owner: str, seen: Activation, after: Activation) -> Write:
        """Return the change of what is active, refused where it is not as it was seen."""
        row = ActiveRow(
            owned(owner, _ACTIVE),
            _ONLY,
            number=after.number,
            version=after.version,
            previous=after.previous,
            at=to_ms(after.at) if after.at else 0,
            by=after.by,
            op=after.op,
        )
        absent, same = ActiveRow.pk.does_not_exist(), ActiveRow.number == seen.number
        return row.put_write(absent if seen.number == 0 else same)

    def version(self, owner: str, number: int) -> PolicyVersion | None:
        """Return a version, or None.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = VersionRow.find(owned(owner, _VERSIONS), _key(number))
        return _version(row) if row else None

    def creation(self, owner: str, version: PolicyVersion) -> Write:
        """Return the put of a version, refused where there is one of its number."""
        row = VersionRow(
            owned(owner, _VERSIONS),
            _key(version.version),
            text=version.text,
            note=version.note,
            author=version.author,
            at=to_ms(version.at),
            sha256=version.sha256,
            op=version.op,
        )
        return row.put_write(VersionRow.pk.does_not_exist())

    def newest(self, owner: str, before: str | None, limit: int) -> Sequence[PolicyVersion]:
        """Return versions, the newest first, those before the key of another."""
        below = VersionRow.sk < before if before else None
        rows = VersionRow.page(
            owned(owner, _VERSIONS),
            below,
            scan_index_forward=False,
            consistent_read=True,
            limit=limit,
        )
        return [_version(row) for row in rows]


def _key(number: int) -> str:
    return f"{number:0{_DIGITS}}"


def key_of(version: PolicyVersion) -> str:
    """Return where a list goes on behind a version."""
    return _key(version.version)


def _version(row: VersionRow) -> PolicyVersion:
    return PolicyVersion(
        version=int(row.sk),
        text=row.text,
        note=row.note,
        author=row.author,
        at=from_ms(row.at),
        sha256=row.sha256,
        op=row.op,
    )
