"""RequestKeeper: makes the changes of requests, and those that come by themselves.

A request that ends wakes the task that waits for it, behind the write that ends it. Where the
message is lost, the sweep of tasks sends it; where whoever ended it repeats that, it is sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.background.courier import Courier
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.clock import Clock, from_ms, to_ms
from chalicelib.errors import NotFound, Unavailable
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.capabilities.invocations import moves
from chalicelib.nodes.capabilities.invocations.moves import Why
from chalicelib.nodes.capabilities.invocations.request import CapabilityRequest
from chalicelib.nodes.capabilities.invocations.store import InvocationStore
from chalicelib.nodes.certificates.device import DeviceState
from chalicelib.nodes.certificates.store import CertificateStore
from chalicelib.tables import Cancelled, Write

TRIES = 8


@dataclass(kw_only=True, eq=False, repr=False)
class RequestKeeper:
    """Keeps the requests of all devices."""

    store: InvocationStore
    certificates: CertificateStore
    work: WorkStore
    courier: Courier
    journal: JournalStore
    clock: Clock

    def now(self) -> datetime:
        """Return the present instant, in whole milliseconds, as tables keep it."""
        return from_ms(to_ms(self.clock.now()))

    def get(self, owner: str, device_id: str, request_id: str) -> CapabilityRequest:
        """Return a request as it is now.

        Raises:
            NotFound: the device was not asked this, or it is too long ago.
            Unavailable: DynamoDB did not answer.
        """
        for _ in range(TRIES):
            request = self.store.get(owner, device_id, request_id)
            if request is None:
                raise no_request(request_id)
            after = self._by_itself(request)
            if after is None:
                return request
            try:
                self.change(request, after)
            except Cancelled:
                continue
            return after
        raise busy()

    def change(
        self,
        before: CapabilityRequest,
        after: CapabilityRequest,
        conditions: Sequence[Write] = (),
        event: Event | None = None,
    ) -> None:
        """Change a request as it was seen, and wake who waits for its end.

        Raises:
            Cancelled: one of the conditions, which come first, or the request refused it.
            Unavailable: the effect is unknown, or nobody could be woken.
        """
        writes = [*conditions, *self.store.changing(before, after)]
        if event is None:
            self.store.make(writes)
        else:
            self.journal.append_with(event, writes)
        self.wake(after)

    def wake(self, request: CapabilityRequest) -> None:
        """Send the message of the task that waits for a request that has ended."""
        task = self.waiting(request) if request.state.is_terminal else None
        if task is not None and task.state is State.QUEUED:
            self.courier.send(task)

    def waiting(self, request: CapabilityRequest) -> Task | None:
        """Return the task that waits for a request, or None where none does."""
        if not request.task_id:
            return None
        return self.work.get(TaskRef.of(request.owner, request.task_id))

    def is_active(self, owner: str, device_id: str) -> bool:
        """Return whether a device may be asked anything."""
        device = self.certificates.device(owner, device_id)
        return device is not None and device.state is DeviceState.ACTIVE

    def _by_itself(self, request: CapabilityRequest) -> CapabilityRequest | None:
        """Return what an open request becomes because of what happened around it, if anything."""
        if request.state.is_terminal:
            return None
        now = self.now()
        if not self.is_active(request.owner, request.device_id):
            return moves.rejected(request, Why.DEVICE_NOT_ACTIVE, now)
        return moves.overdue(request, now)


def busy() -> Unavailable:
    """Return what is told where others were faster too often."""
    return Unavailable("others keep changing the request", fix="try again")


def no_request(request_id: str) -> NotFound:
    """Return what is told where a device was not asked something, or too long ago."""
    return NotFound(f"there is no request {request_id!r:.80} to this node")
