"""The rows of pairing in the table of nodes.

A node that begins names a code, and nothing else: whose it is stands in the code. So the rows of
codes, sessions and limits belong to the system by their key, and to an owner by an attribute that
every operator's request is held against. An owner's register says which of them are theirs.
"""

from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber

PAIRING = "pairing"


class ExpiringIndex(GlobalSecondaryIndex["CodeRow"]):
    """What ends by itself, by its kind, in order of `expires_at`."""

    class Meta:
        """The index."""

        index_name = "expiring"
        projection = KeysOnlyProjection()

    expiring = UnicodeAttribute(hash_key=True)
    expires_at = WholeNumber(range_key=True)


class CodeRow(Table):
    """A code; its secret stands in it as long as somebody may begin with it."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    serial = UnicodeAttribute()
    owner = UnicodeAttribute()
    method = UnicodeAttribute()
    client_kind = UnicodeAttribute()
    minted_by = UnicodeAttribute()
    label = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    created_at = WholeNumber()
    begun: Any = UnicodeSetAttribute(null=True)
    wrapped = UnicodeAttribute(null=True)
    sealed = UnicodeAttribute(null=True)
    expiring = UnicodeAttribute(null=True)
    expires_at = WholeNumber()
    ttl = WholeNumber()
    expiring_index = ExpiringIndex()


class SessionRow(Table):
    """A pairing session; the keys of its handshake stand in it as long as they can be used."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    owner = UnicodeAttribute()
    code_id = UnicodeAttribute()
    code_serial = UnicodeAttribute()
    method = UnicodeAttribute()
    client_kind = UnicodeAttribute()
    minted_by = UnicodeAttribute()
    label = UnicodeAttribute(null=True)
    device_id = UnicodeAttribute()
    spki_sha256 = UnicodeAttribute()
    transcript_sha256 = UnicodeAttribute()
    address = UnicodeAttribute()
    agent = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    version = WholeNumber()
    op = UnicodeAttribute()
    created_at = WholeNumber()
    replaces = UnicodeAttribute(null=True)
    recovers = UnicodeAttribute(null=True)
    csr_pem = UnicodeAttribute(null=True)
    typed: Any = UnicodeSetAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    decided_at = WholeNumber(null=True)
    decided_version = WholeNumber(null=True)
    replayed = BooleanAttribute(null=True)
    nonce = UnicodeAttribute()
    poll_ms = WholeNumber()
    poll_at = WholeNumber()
    certificate_pem = UnicodeAttribute(null=True)
    chain_pem = UnicodeAttribute(null=True)
    serial = UnicodeAttribute(null=True)
    fingerprint = UnicodeAttribute(null=True)
    not_before = WholeNumber(null=True)
    not_after = WholeNumber(null=True)
    wrapped = UnicodeAttribute(null=True)
    sealed = UnicodeAttribute(null=True)
    expiring = UnicodeAttribute(null=True)
    expires_at = WholeNumber()
    ttl = WholeNumber()


class RegisterRow(Table):
    """Which codes, or which requests, an owner has open; changed only as it was seen."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    ver = WholeNumber()
    listed = UnicodeAttribute()


class WindowRow(Table):
    """Who was counted in a window of time, each once."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    counted: Any = UnicodeSetAttribute(null=True)
    ttl = WholeNumber()
