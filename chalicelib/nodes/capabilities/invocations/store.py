"""InvocationStore: requests to devices, and which of a device's are open.

    <owner>#request#<device id> / <request id>    a request
    <owner>#mailbox / <device id>                 the ids of those that are open
    <owner>#asked#<task id> / <request id>        which request a run made, and to whom

A request is put, changed and ended together with the mailbox, so what a device finds in the one is
what stands in the other. Every change is made to the version that was seen.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import size
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.clock import from_ms, to_ms
from chalicelib.nodes.capabilities.invocations.request import (
    KEPT,
    MOST_OPEN,
    CapabilityRequest,
    Limits,
    RequestState,
)
from chalicelib.page import Page
from chalicelib.settings import resource
from chalicelib.tables import Table, TableMeta, WholeNumber, Write, owned, reading

_REQUEST, _MAILBOX, _ASKED, _EXPIRING = "request", "mailbox", "asked", "request"
_MILLISECOND = timedelta(milliseconds=1)


class ExpiringIndex(GlobalSecondaryIndex["RequestRow"]):
    """What ends by itself, by its kind, in order of `expires_at`."""

    class Meta:
        """The index."""

        index_name = "expiring"
        projection = KeysOnlyProjection()

    expiring = UnicodeAttribute(hash_key=True)
    expires_at = WholeNumber(range_key=True)


class RequestRow(Table):
    """A request."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    version = WholeNumber()
    state = UnicodeAttribute()
    capability = UnicodeAttribute()
    terms_sha256 = UnicodeAttribute()
    idempotent = BooleanAttribute()
    mediation = BooleanAttribute()
    arguments = UnicodeAttribute()
    requested_by = UnicodeAttribute()
    task_id = UnicodeAttribute(null=True)
    wait_ms = WholeNumber()
    answer_ms = WholeNumber()
    claim = UnicodeAttribute(null=True)
    dispatches = WholeNumber()
    created_at = WholeNumber()
    changed_at = WholeNumber()
    dispatched_at = WholeNumber(null=True)
    output = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    uncertain = BooleanAttribute(null=True)
    # In the index as long as the request is open.
    expiring = UnicodeAttribute(null=True)
    expires_at = WholeNumber()
    ttl = WholeNumber()
    expiring_index: Any = ExpiringIndex()


class MailboxRow(Table):
    """Which requests of a device are open."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    open: Any = UnicodeSetAttribute(null=True)
    active_at = WholeNumber(null=True)


class AskedRow(Table):
    """Which request a run made, so that it can be erased with the run."""

    class Meta(TableMeta):
        """The table."""

        table_name = resource("nodes")

    sk = UnicodeAttribute(range_key=True)
    device_id = UnicodeAttribute()
    ttl = WholeNumber()


class OpenRequest(NamedTuple):
    """Which request is open, and when something happens to it by itself."""

    owner: str
    device_id: str
    id: str
    deadline: datetime


class Mailbox(NamedTuple):
    """What a device has to do, oldest first, and when something was asked of it last."""

    ids: Sequence[str] = ()
    active_at: datetime | None = None


class InvocationStore:
    """Requests to the devices of all owners."""

    def get(self, owner: str, device_id: str, request_id: str) -> CapabilityRequest | None:
        """Return a request by a strongly consistent read, or None.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        row = RequestRow.find(*_key(owner, device_id, request_id))
        return _request(row) if row else None

    def get_all(
        self, owner: str, device_id: str, ids: Sequence[str]
    ) -> Sequence[CapabilityRequest]:
        """Return those of some requests that exist, oldest first, by strongly consistent reads."""
        keys = [_key(owner, device_id, each) for each in ids]
        return sorted(map(_request, RequestRow.find_all(keys)), key=lambda each: each.id)

    def newest(
        self, owner: str, device_id: str, before: str | None, limit: int
    ) -> Page[CapabilityRequest]:
        """Return a device's requests, newest first, those before an id."""
        rows = list(
            RequestRow.page(
                owned(owner, _REQUEST, device_id),
                RequestRow.sk < before if before else None,
                consistent_read=True,
                scan_index_forward=False,
                limit=limit,
            )
        )
        return Page([_request(row) for row in rows], rows[-1].sk if len(rows) == limit else None)

    def mailbox(self, owner: str, device_id: str) -> Mailbox:
        """Return what a device has to do, by a strongly consistent read."""
        row = MailboxRow.find(owned(owner, _MAILBOX), device_id)
        if row is None:
            return Mailbox()
        active = from_ms(row.active_at)
        return Mailbox(sorted(row.open or ()), active)

    def open(self, most: int) -> Iterator[OpenRequest]:
        """Yield open requests of all devices, those first that are due first, from an index."""
        for row in reading(RequestRow.expiring_index.query(_EXPIRING, limit=most)):
            owner, _, device_id = row.pk.split("#", 2)
            yield OpenRequest(owner, device_id, row.sk, from_ms(row.expires_at))

    def asked_by(self, owner: str, task_id: str) -> Sequence[CapabilityRequest]:
        """Return what the run of a task asked, by strongly consistent reads."""
        rows = AskedRow.page(owned(owner, _ASKED, task_id), consistent_read=True)
        found = (self.get(owner, row.device_id, row.sk) for row in rows)
        return [each for each in found if each is not None]

    def erase(self, request: CapabilityRequest) -> None:
        """Delete a request of a run that has ended, and that there was one.

        Raises:
            Unavailable: the effect is unknown; erase it again.
        """
        asked = owned(request.owner, _ASKED, request.task_id)
        key = _key(request.owner, request.device_id, request.id)
        RequestRow.transact(RequestRow.remove_write(*key), AskedRow.remove_write(asked, request.id))

    # Writes, for transactions.

    def putting(self, request: CapabilityRequest) -> list[Write]:
        """Return the writes that ask something of a device.

        The second one is refused where as much as may be is open.
        """
        room = MailboxRow.open.does_not_exist() | (size(MailboxRow.open) < MOST_OPEN)
        enters = [
            MailboxRow.open.add({request.id}),
            MailboxRow.active_at.set(to_ms(request.created_at)),
        ]
        return [
            _row(request).put_write(RequestRow.pk.does_not_exist()),
            MailboxRow.change_write(*_mailbox_key(request), enters, room),
            *_asked(request),
        ]

    def changing(self, before: CapabilityRequest, after: CapabilityRequest) -> list[Write]:
        """Return the writes that change a request as it was seen; one that ends is closed."""
        changed = _row(after).put_write(RequestRow.version == before.version)
        if not after.state.is_terminal:
            return [changed]
        leaves = [
            MailboxRow.open.delete({after.id}),
            MailboxRow.active_at.set(to_ms(after.changed_at)),
        ]
        return [
            changed,
            MailboxRow.change_write(*_mailbox_key(after), leaves, MailboxRow.pk.exists()),
        ]

    def make(self, writes: Sequence[Write]) -> None:
        """Make writes that no event goes with.

        Raises:
            Cancelled: one was refused.
            Unavailable: the effect is unknown.
        """
        RequestRow.transact(*writes)


def _asked(request: CapabilityRequest) -> list[Write]:
    if not request.task_id:
        return []
    row = AskedRow(
        owned(request.owner, _ASKED, request.task_id),
        request.id,
        device_id=request.device_id,
        ttl=_ttl(request),
    )
    return [row.put_write(None)]


def _ttl(request: CapabilityRequest) -> int:
    return int((request.created_at + KEPT).timestamp())


def _key(owner: str, device_id: str, request_id: str) -> tuple[str, str]:
    return owned(owner, _REQUEST, device_id), request_id


def _mailbox_key(request: CapabilityRequest) -> tuple[str, str]:
    return owned(request.owner, _MAILBOX), request.device_id


def _row(request: CapabilityRequest) -> RequestRow:
    return RequestRow(
        *_key(request.owner, request.device_id, request.id),
        version=request.version,
        state=request.state,
        capability=request.capability,
        terms_sha256=request.terms_sha256,
        idempotent=request.is_idempotent,
        mediation=request.needs_mediation,
        arguments=request.arguments,
        requested_by=request.requested_by,
        task_id=request.task_id or None,
        wait_ms=request.limits.wait // _MILLISECOND,
        answer_ms=request.limits.answer // _MILLISECOND,
        claim=request.claim or None,
        dispatches=request.dispatches,
        created_at=to_ms(request.created_at),
        changed_at=to_ms(request.changed_at),
        dispatched_at=to_ms(request.dispatched_at) if request.dispatched_at else None,
        output=request.output or None,
        reason=request.reason or None,
        uncertain=request.is_uncertain or None,
        expiring=None if request.state.is_terminal else _EXPIRING,
        expires_at=to_ms(request.deadline),
        ttl=_ttl(request),
    )


def _request(row: RequestRow) -> CapabilityRequest:
    owner, _, device_id = row.pk.split("#", 2)
    return CapabilityRequest(
        owner=owner,
        device_id=device_id,
        id=row.sk,
        capability=row.capability,
        terms_sha256=row.terms_sha256,
        is_idempotent=row.idempotent,
        needs_mediation=row.mediation,
        arguments=row.arguments,
        requested_by=row.requested_by,
        task_id=row.task_id or "",
        state=RequestState(row.state),
        limits=Limits(int(row.wait_ms) * _MILLISECOND, int(row.answer_ms) * _MILLISECOND),
        claim=row.claim or "",
        dispatches=int(row.dispatches),
        created_at=from_ms(row.created_at),
        changed_at=from_ms(row.changed_at),
        dispatched_at=from_ms(row.dispatched_at),
        deadline=from_ms(row.expires_at),
        output=row.output or "",
        reason=row.reason or "",
        is_uncertain=bool(row.uncertain),
        version=int(row.version),
    )
