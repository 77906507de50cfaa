"""Invoker: asks devices to do what they were granted to do.

Whether it may be asked is decided by the policies, who are told whether there is a grant. The
request, its place in the mailbox and its key are one transaction with the checks that device and
grant are as they were seen: nothing is asked of a device that was thrown out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chalicelib.access.idempotency import RequestKey
from chalicelib.access.store import IdempotencyStore
from chalicelib.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from chalicelib.ids import Ids
from chalicelib.nodes.capabilities import events
from chalicelib.nodes.capabilities.capability import Capability, is_granted
from chalicelib.nodes.capabilities.invocations import moves
from chalicelib.nodes.capabilities.invocations.keeper import TRIES, RequestKeeper, busy
from chalicelib.nodes.capabilities.invocations.moves import Why
from chalicelib.nodes.capabilities.invocations.request import (
    LARGEST_BYTES,
    MOST_OPEN,
    CapabilityRequest,
    Limits,
)
from chalicelib.nodes.capabilities.schema import faults
from chalicelib.nodes.capabilities.service import found
from chalicelib.nodes.capabilities.store import CapabilityStore, still_active, still_granted
from chalicelib.nodes.certificates.device import Device, DeviceState
from chalicelib.page import Page
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import Authorizer, Entity
from chalicelib.redaction import refuse_secrets
from chalicelib.tables import Cancelled, Write

ACTION = "use_capability"
# Which of the writes says that the mailbox has room.
_ROOM = 1


class Asked(NamedTuple):
    """A request, and whether it was made now or under the same key before."""

    request: CapabilityRequest
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked of a device.

    Attributes:
        principal: who asks, as policies know them.
        requested_by: the same, as the journal calls them.
        task_id: the task that waits for the answer; empty where a person asks.
        key: what tells a repeat from another request; None where nothing does.
    """

    owner: str
    device_id: str
    capability: str
    arguments: Mapping[str, Any]
    limits: Limits
    principal: Entity
    requested_by: str
    task_id: str = ""
    key: RequestKey | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Invoker:
    """Asks, and tells what came of it."""

    keeper: RequestKeeper
    capabilities: CapabilityStore
    policy: Authorizer
    requests: IdempotencyStore
    ids: Ids

    def ask(self, ask: Ask) -> Asked:
        """Ask a device to do something, or return what was asked under the same key.

        Raises:
            NotFound: there is no such device, or it has no such capability.
            Denied: the policies do not allow it; without a grant, never.
            Invalid: names the argument that does not fit, or the key of another request.
            Conflict: the device is not in use, or has as much to do as it may.
            Unavailable: AWS did not answer; ask again, under the same key.
        """
        for _ in range(TRIES):
            if (before := self._before(ask)) is not None:
                return Asked(before, is_new=False)
            device = self._device(ask)
            inventory = self.capabilities.inventory(ask.owner, ask.device_id)
            capability = found(inventory, ask.capability)
            self._authorize(ask, device, capability)
            request = self._request(ask, capability)
            try:
                self._put(ask, device, request)
            except Cancelled as cancelled:
                if cancelled.refusals[_ROOM]:
                    raise _full() from cancelled
                continue
            return Asked(request, is_new=True)
        raise busy()

    def get(self, owner: str, device_id: str, request_id: str) -> CapabilityRequest:
        """Return a request as it is now.

        Raises:
            NotFound: the device was not asked this, or it is too long ago.
            Unavailable: DynamoDB did not answer.
        """
        return self.keeper.get(owner, device_id, request_id)

    def list(
        self, owner: str, device_id: str, before: str | None, limit: int
    ) -> Page[CapabilityRequest]:
        """Return what a device was asked, newest first.

        Raises:
            NotFound: the owner has no such device.
            Unavailable: DynamoDB did not answer.
        """
        if self.keeper.certificates.device(owner, device_id) is None:
            raise _no_node(device_id)
        return self.keeper.store.newest(owner, device_id, before, limit)

    def cancel(self, owner: str, device_id: str, request_id: str, actor: str) -> CapabilityRequest:
        """Take back what was asked of a device; what it is doing by now it may still do.

        Raises:
            NotFound: the device was not asked this, or it is too long ago.
            Conflict: it has ended otherwise.
            Unavailable: DynamoDB did not answer.
        """
        for _ in range(TRIES):
            request = self.keeper.get(owner, device_id, request_id)
            if request.state.is_terminal:
                if request.reason == Why.CANCELLED:
                    return request
                raise Conflict(f"the request is {request.state}", fix="leave it")
            after = moves.rejected(request, Why.CANCELLED, self.keeper.now())
            try:
                self.keeper.change(request, after, event=events.cancelled(after, actor))
            except Cancelled:
                continue
            return after
        raise busy()

    def _before(self, ask: Ask) -> CapabilityRequest | None:
        if ask.key is None:
            return None
        made = self.requests.made(ask.key, self.keeper.now())
        return self.keeper.get(ask.owner, ask.device_id, made) if made else None

    def _device(self, ask: Ask) -> Device:
        device = self.keeper.certificates.device(ask.owner, ask.device_id)
        if device is None:
            raise _no_node(ask.device_id)
        if device.state is not DeviceState.ACTIVE:
            raise Conflict(f"the node is {device.state}", fix="pair it, or ask another one")
        return device

    def _authorize(self, ask: Ask, device: Device, capability: Capability) -> None:
        grant = self.capabilities.grant(ask.owner, ask.device_id, capability.name)
        attributes = {
            "owner": ask.owner,
            "node": ask.device_id,
            "effect": str(capability.effect),
            "granted": is_granted(capability, grant, device.paired_generation),
        }
        resource = Entity("Capability", f"{ask.device_id}/{capability.name}", attributes)
        decision = self.policy.authorize(ask.principal, ACTION, resource, {"owner": ask.owner})
        if decision.reason is Reason.UNAVAILABLE:
            raise Unavailable(decision.reason.told, fix="try again")
        if not decision.allowed:
            fix = "ask an admin to grant it" if not attributes["granted"] else "ask an admin"
            raise Denied(f"{decision.reason}: {decision.reason.told}", fix=fix)

    def _request(self, ask: Ask, capability: Capability) -> CapabilityRequest:
        now = self.keeper.now()
        return CapabilityRequest(
            owner=ask.owner,
            device_id=ask.device_id,
            id=self.ids.ulid(now),
            capability=capability.name,
            terms_sha256=capability.terms_sha256,
            is_idempotent=capability.is_idempotent,
            needs_mediation=capability.needs_mediation,
            arguments=_checked(ask.arguments, capability),
            requested_by=ask.requested_by,
            task_id=ask.task_id,
            limits=ask.limits,
            created_at=now,
            changed_at=now,
            deadline=now + ask.limits.wait,
        )

    def _put(self, ask: Ask, device: Device, request: CapabilityRequest) -> None:
        writes = [
            *self.keeper.store.putting(request),
            still_active(device),
            still_granted(device, request.capability, request.terms_sha256),
            *self._key(ask, request),
        ]
        if ask.task_id:
            # The step of the run that asks says so already.
            self.keeper.store.make(writes)
        else:
            self.keeper.journal.append_with(events.invoked(request), writes)

    def _key(self, ask: Ask, request: CapabilityRequest) -> Sequence[Write]:
        if ask.key is None:
            return []
        return [self.requests.write(ask.key, request.id, request.created_at)]


def _checked(arguments: Mapping[str, Any], capability: Capability) -> str:
    """Return arguments as they are kept, if the capability takes them."""
    text = json.dumps(arguments, sort_keys=True)
    if len(text.encode()) > LARGEST_BYTES:
        raise Invalid(
            f"the arguments have {len(text.encode())} bytes",
            field="arguments",
            fix=f"use at most {LARGEST_BYTES} bytes",
        )
    wrong = faults(capability.arguments, dict(arguments), "arguments")
    if wrong:
        raise Invalid(f"{wrong[0].field}: {wrong[0].detail}", faults=wrong)
    refuse_secrets("arguments", dict(arguments))
    return text


def _no_node(device_id: str) -> NotFound:
    return NotFound(f"there is no node {device_id!r:.80}")


def _full() -> Conflict:
    return Conflict(
        f"the node has {MOST_OPEN} requests to do already", fix="wait until some have ended"
    )
