"""Dispatcher: what a device does with its requests; none of another device can be named.

A request is handed over, and a person's word taken, in one transaction with the checks that the
device was not thrown out and that the grant stands. So nothing is handed to a device after it was
told that the device is out.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.heartbeats.store import HeartbeatStore
from chalicelib.errors import Conflict, Invalid
from chalicelib.journal.event import Event
from chalicelib.nodes.capabilities import events
from chalicelib.nodes.capabilities.capability import is_granted
from chalicelib.nodes.capabilities.invocations import moves, pace
from chalicelib.nodes.capabilities.invocations.keeper import (
    TRIES,
    RequestKeeper,
    busy,
    no_request,
)
from chalicelib.nodes.capabilities.invocations.moves import Why
from chalicelib.nodes.capabilities.invocations.request import (
    LARGEST_BYTES,
    CapabilityRequest,
    RequestState,
)
from chalicelib.nodes.capabilities.service import thrown_out
from chalicelib.nodes.capabilities.store import CapabilityStore, still_active, still_granted
from chalicelib.nodes.certificates.device import Device
from chalicelib.redaction import redact, redact_text
from chalicelib.tables import Cancelled

type _Change = Callable[[CapabilityRequest], CapabilityRequest]
_REASON_CHARACTERS = 240
_TAKEABLE = frozenset({RequestState.QUEUED, RequestState.AWAITING_LOCAL_MEDIATION})


class Waiting(NamedTuple):
    """What a device can take, oldest first, and how long it waits before it asks again."""

    items: Sequence[CapabilityRequest]
    pause: timedelta


@dataclass(kw_only=True, eq=False, repr=False)
class Dispatcher:
    """The devices' side of requests."""

    keeper: RequestKeeper
    capabilities: CapabilityStore
    heartbeats: HeartbeatStore

    def beat(self, device: Device, summary: str) -> timedelta:
        """Note that a device is there, and return how long it waits before it asks for requests.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        update = WorkHeartbeatUpdate(
            owner=device.owner,
            kind=WorkHeartbeatKind.CHANNEL_WORKER,
            object_id=device.id,
            summary=summary,
            may_sleep=device.may_sleep,
        )
        self.heartbeats.record(update, self.keeper.now())
        return self.waiting(device).pause

    def waiting(self, device: Device) -> Waiting:
        """Return what a device can take; the same answer as long as nothing happens.

        Raises:
            Unavailable: DynamoDB did not answer.
        """
        mailbox = self.keeper.store.mailbox(device.owner, device.id)
        found = self.keeper.store.get_all(device.owner, device.id, mailbox.ids)
        judged = [self._judged(each) for each in found]
        items = [each for each in judged if each.state in _TAKEABLE]
        is_busy = any(not each.state.is_terminal for each in judged)
        now = self.keeper.now()
        return Waiting(items, pace.pause(mailbox.active_at, now, is_busy=is_busy))

    def take(self, device: Device, request_id: str, claim: str) -> CapabilityRequest:
        """Hand a request over, to be done, or for the person at the device to be asked.

        Args:
            device: which takes it.
            request_id: what it takes.
            claim: what it makes up for it; the same one again finds what it took.

        Raises:
            NotFound: the device was not asked this.
            Conflict: it has ended, or was handed over and is not to be done twice.
            CertificateRefused: the device was thrown out meanwhile.
            Unavailable: DynamoDB did not answer.
        """

        def taken(request: CapabilityRequest) -> CapabilityRequest:
            return moves.taken(request, claim, self.keeper.now())

        return self._changed(device, request_id, taken)

    def mediate(
        self, device: Device, request_id: str, claim: str, *, agreed: bool
    ) -> CapabilityRequest:
        """Let the person at a device agree to a request, or refuse it; both are journaled.

        Raises:
            NotFound: the device was not asked this.
            Conflict: it does not wait for that, or not under this claim.
            CertificateRefused: the device was thrown out meanwhile.
            Unavailable: DynamoDB did not answer.
        """

        def mediated(request: CapabilityRequest) -> CapabilityRequest:
            return moves.mediated(request, claim, self.keeper.now(), agreed=agreed)

        def event(request: CapabilityRequest) -> Event:
            return events.mediated(request, agreed=agreed)

        return self._changed(device, request_id, mediated, event)

    def succeed(
        self, device: Device, request_id: str, claim: str, output: Any
    ) -> CapabilityRequest:
        """Keep what a device found, without the secrets in it.

        Raises:
            NotFound: the device was not asked this.
            Invalid: the output is too large.
            Conflict: it was not handed over under this claim, or has ended otherwise.
            CertificateRefused: the device was thrown out meanwhile.
            Unavailable: DynamoDB did not answer; send it again.
        """
        text = json.dumps(redact(output), sort_keys=True)
        if len(text.encode()) > LARGEST_BYTES:
            raise Invalid(
                f"the output has {len(text.encode())} bytes",
                field="output",
                fix=f"send at most {LARGEST_BYTES} bytes, or say that it failed",
            )

        def succeeded(request: CapabilityRequest) -> CapabilityRequest:
            return moves.succeeded(request, claim, text, self.keeper.now())

        return self._answered(device, request_id, succeeded)

    def fail(self, device: Device, request_id: str, claim: str, reason: str) -> CapabilityRequest:
        """Note that a device could not do what it was asked.

        Raises:
            NotFound: the device was not asked this.
            Conflict: it was not handed over under this claim, or has ended otherwise.
            CertificateRefused: the device was thrown out meanwhile.
            Unavailable: DynamoDB did not answer; send it again.
        """
        told = redact_text(reason)[:_REASON_CHARACTERS]

        def failed(request: CapabilityRequest) -> CapabilityRequest:
            return moves.failed(request, claim, told, self.keeper.now())

        return self._answered(device, request_id, failed)

    def _judged(self, request: CapabilityRequest) -> CapabilityRequest:
        """Return a request of a device that has just been let in, as it is now."""
        if moves.overdue(request, self.keeper.now()) is None:
            return request
        return self.keeper.get(request.owner, request.device_id, request.id)

    def _check_wanted(self, device: Device, request_id: str) -> None:
        """End a request before it is handed over where nobody waits for it, or it is not granted.

        Raises:
            Conflict: it was ended.
        """
        for _ in range(TRIES):
            request = self.keeper.get(device.owner, device.id, request_id)
            why = self._unwanted(device, request) if request.state in _TAKEABLE else None
            if why is None:
                return
            after = moves.rejected(request, why, self.keeper.now())
            try:
                self.keeper.change(request, after)
            except Cancelled:
                continue
            raise Conflict(f"the request is {after.state}: {after.reason}", fix="leave it")
        raise busy()

    def _unwanted(self, device: Device, request: CapabilityRequest) -> Why | None:
        if request.task_id:
            task = self.keeper.waiting(request)
            if task is None or task.state.is_terminal or task.cancel is not None:
                return Why.RUN_ENDED
        declared = self.capabilities.inventory(device.owner, device.id).find(request.capability)
        if declared is None or declared.terms_sha256 != request.terms_sha256:
            return Why.NOT_GRANTED
        grant = self.capabilities.grant(device.owner, device.id, request.capability)
        granted = is_granted(declared, grant, device.paired_generation)
        return None if granted else Why.NOT_GRANTED

    def _changed(
        self,
        device: Device,
        request_id: str,
        move: _Change,
        event: Callable[[CapabilityRequest], Event] | None = None,
    ) -> CapabilityRequest:
        """Make a change of a request as it is judged to be now."""
        for _ in range(TRIES):
            self._check_wanted(device, request_id)
            request = self.keeper.get(device.owner, device.id, request_id)
            after = move(request)
            if after is request or self._made(device, request, after, event):
                return after
        raise busy()

    def _answered(self, device: Device, request_id: str, move: _Change) -> CapabilityRequest:
        """Make the change that an answer is; one that is late counts while nobody said otherwise.

        An answer that is sent again changes nothing, and wakes again who waits for it.
        """
        for _ in range(TRIES):
            request = self.keeper.store.get(device.owner, device.id, request_id)
            if request is None:
                raise no_request(request_id)
            after = move(request)
            if after is request:
                self.keeper.wake(request)
                return request
            if self._made(device, request, after):
                return after
        raise busy()

    def _made(
        self,
        device: Device,
        before: CapabilityRequest,
        after: CapabilityRequest,
        event: Callable[[CapabilityRequest], Event] | None = None,
    ) -> bool:
        """Make a change; False where something else changed meanwhile."""
        conditions = [still_active(device)]
        if not after.state.is_terminal:
            conditions.append(still_granted(device, after.capability, after.terms_sha256))
        try:
            self.keeper.change(before, after, conditions, event(after) if event else None)
        except Cancelled as cancelled:
            if cancelled.refusals[0]:
                raise thrown_out() from cancelled
            return False
        return True
