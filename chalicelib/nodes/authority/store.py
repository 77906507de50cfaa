"""The rows of authorities, devices and certificates, and the store of authorities.

All are kinds of one row, so that a call's authority, device and certificate are one read. The keys:

    system#authority / head              who this gateway is, and which authority signs
    system#authority / ca#<key id>       an authority's certificate
    system#key / <spki>                  a public key that was certified: one key, one device
    <owner>#device / <device id>         a device
    <owner>#device#<device id> / <fp>    a certificate of it
    <owner>#issued / <serial of>         what a pairing or a renewal was answered with
    <owner>#nonce / <device id>#<nonce>  a renewal that may be asked for
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.clock import from_ms, to_ms
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, Write, owned

_PARTITION = owned("system", "authority")
_HEAD = "head"
_CA = "ca#"


class ExpiringIndex(GlobalSecondaryIndex["IdentityRow"]):
    """What ends by itself, by its kind, in order of `expires_at`."""

    class Meta:
        """The index."""

        index_name = "expiring"
        projection = KeysOnlyProjection()

    expiring = UnicodeAttribute(hash_key=True)
    expires_at = WholeNumber(range_key=True)


class IdentityRow(Table):
    """An authority, a device, a certificate, or what stands for one of them."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    version = WholeNumber(null=True)
    # Of authorities.
    gateway_id = UnicodeAttribute(null=True)
    signing = UnicodeAttribute(null=True)
    following = UnicodeAttribute(null=True)
    slot = UnicodeAttribute(null=True)
    trusted_until = WholeNumber(null=True)
    retired_at = WholeNumber(null=True)
    # Of devices.
    device_kind = UnicodeAttribute(null=True)
    label = UnicodeAttribute(null=True)
    current = UnicodeAttribute(null=True)
    current_key = UnicodeAttribute(null=True)
    offered = UnicodeAttribute(null=True)
    lapses_at = WholeNumber(null=True)
    paired_at = WholeNumber(null=True)
    paired_generation = WholeNumber(null=True)
    rotation_asked_at = WholeNumber(null=True)
    changed_at = WholeNumber(null=True)
    changed_by = UnicodeAttribute(null=True)
    # Of certificates, too.
    state = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    generation = WholeNumber(null=True)
    device_id = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    serial = UnicodeAttribute(null=True)
    spki_sha256 = UnicodeAttribute(null=True)
    authority = UnicodeAttribute(null=True)
    pem = UnicodeAttribute(null=True)
    serial_of = UnicodeAttribute(null=True)
    origin = UnicodeAttribute(null=True)
    issued_at = WholeNumber(null=True)
    not_before = WholeNumber(null=True)
    not_after = WholeNumber(null=True)
    usable_until = WholeNumber(null=True)
    expiring = UnicodeAttribute(null=True)
    expires_at = WholeNumber(null=True)
    # Of keys, and of nonces.
    owner = UnicodeAttribute(null=True)
    denied = BooleanAttribute(null=True)
    ttl = WholeNumber(null=True)
    expiring_index: Any = ExpiringIndex()


class Authority(NamedTuple):
    """A certificate authority.

    Attributes:
        key_id: what its leaves name it by, as hexadecimal digits.
        slot: which of the stage's keys it signs with.
        not_after: the end of its own certificate; None where its row does not say it.
        trusted_until: from when nothing that it signed counts; None for no end but its own.
        retired_at: when the front was told that it counts no more.
    """

    key_id: str
    slot: str
    pem: str
    not_after: datetime | None = None
    trusted_until: datetime | None = None
    retired_at: datetime | None = None

    def is_trusted(self, now: datetime) -> bool:
        """Return whether what it signed counts."""
        return self.trusted_until is None or now < self.trusted_until

    def is_over(self, now: datetime) -> bool:
        """Return whether it counts no more, and has yet to be retired."""
        return not self.is_trusted(now) and self.retired_at is None

    def ends_at(self) -> datetime:
        """Return the end of its own certificate."""
        if self.not_after:
            return self.not_after
        from cryptography import x509  # noqa: PLC0415  only rows from before they said it need it

        return x509.load_pem_x509_certificate(self.pem.encode()).not_valid_after_utc


class Head(NamedTuple):
    """Who this gateway is.

    Attributes:
        signing: the key id of the authority that signs.
        following: the key id of the one that is to sign next; empty where there is none.
    """

    gateway_id: str
    signing: str
    following: str
    version: int


def authority_key(key_id: str) -> tuple[str, str]:
    """Return the key of an authority's row."""
    return _PARTITION, f"{_CA}{key_id}"


class AuthorityStore:
    """The authorities of one stage: one that signs, and others beside it for a while."""

    def head(self) -> Head | None:
        """Return who this gateway is, or None before the first authority was made.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = IdentityRow.find(_PARTITION, _HEAD)
        return _head(row) if row else None

    def get(self, key_id: str) -> Authority | None:
        """Return an authority.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = IdentityRow.find(*authority_key(key_id))
        return authority_of(row) if row else None

    def known(self) -> Sequence[Authority]:
        """Return all authorities that there ever were.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        rows = IdentityRow.page(_PARTITION, IdentityRow.sk.startswith(_CA), consistent_read=True)
        return [authority_of(row) for row in rows]

    def create(self, head: Head, authority: Authority) -> None:
        """Keep the first authority; where there is one already, nothing happens.

        Raises:
            Cancelled: somebody was first.
            Unavailable: the effect is unknown.
        """
        IdentityRow.transact(
            _head_row(head).put_write(IdentityRow.pk.does_not_exist()), _new(authority)
        )

    def following(self, head: Head, authority: Authority) -> list[Write]:
        """Return the writes that let an authority wait for its turn."""
        after = head._replace(following=authority.key_id, version=head.version + 1)
        return [_changed(head, after), _new(authority)]

    def switched(self, head: Head, before: Authority, until: datetime) -> list[Write]:
        """Return the writes that let the waiting authority sign, and the other's end be known."""
        after = head._replace(signing=head.following, following="", version=head.version + 1)
        ending = IdentityRow.change_write(
            *authority_key(before.key_id),
            [IdentityRow.trusted_until.set(to_ms(until))],
            IdentityRow.pk.exists(),
        )
        return [_changed(head, after), ending]

    def retired(self, authority: Authority, now: datetime) -> list[Write]:
        """Return the write by which an authority is retired, once."""
        at = IdentityRow.retired_at
        key = authority_key(authority.key_id)
        is_over = IdentityRow.trusted_until <= to_ms(now)
        return [IdentityRow.change_write(*key, [at.set(to_ms(now))], is_over & at.does_not_exist())]


def authority_of(row: IdentityRow) -> Authority:
    """Return the authority of its row."""
    return Authority(
        key_id=row.sk.removeprefix(_CA),
        slot=row.slot,
        pem=row.pem,
        not_after=from_ms(row.not_after),
        trusted_until=from_ms(row.trusted_until),
        retired_at=from_ms(row.retired_at),
    )


def _new(authority: Authority) -> Write:
    pk, sk = authority_key(authority.key_id)
    ends = to_ms(authority.ends_at())
    row = IdentityRow(pk, sk, slot=authority.slot, pem=authority.pem, not_after=ends)
    return row.put_write(IdentityRow.pk.does_not_exist())


def _changed(before: Head, after: Head) -> Write:
    return _head_row(after).put_write(IdentityRow.version == before.version)


def _head_row(head: Head) -> IdentityRow:
    return IdentityRow(
        _PARTITION,
        _HEAD,
        gateway_id=head.gateway_id,
        signing=head.signing,
        following=head.following or None,
        version=head.version,
    )


def _head(row: IdentityRow) -> Head:
    return Head(row.gateway_id, row.signing, row.following or "", int(row.version))
