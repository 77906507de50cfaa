"""Places: which of a parent's children may run, taken at a child's claim and left at its end."""

from dataclasses import dataclass

from chalicelib.background.courier import Courier
from chalicelib.background.delegation import Limits, Wait, admit, places, stored
from chalicelib.background.store import WorkStore
from chalicelib.background.task import State, Task
from chalicelib.errors import Unavailable

_TRIES = 8


@dataclass(kw_only=True, eq=False, repr=False)
class Places:
    """Admits delegated tasks, and wakes those that wait."""

    work: WorkStore
    courier: Courier
    limits: Limits

    def take(self, child: Task) -> bool:
        """Let a claimed child run, or put it back to wait; False where it waits.

        Raises:
            LostClaim: the child was taken away.
            Unavailable: others kept changing the parent; the child is rescued later.
        """
        for _ in range(_TRIES):
            parent = self._parent(child)
            if parent is None:
                return True
            admitted = admit(child, parent, self.work.offspring(parent.ref), self.limits)
            if isinstance(admitted, Wait):
                self._park(child, parent, admitted.reason)
                return False
            if admitted == parent.busy or self.work.set_busy(parent, admitted):
                return True
        raise Unavailable("the parent's places are contended", fix="try again")

    def leave(self, child: Task) -> None:
        """Give a child's place to those that wait.

        Raises:
            Unavailable: others kept changing the parent; the next child to be admitted helps.
        """
        for _ in range(_TRIES):
            parent = self._parent(child)
            if parent is None:
                return
            running = places(parent.busy)
            running.pop(child.ref.sk, None)
            if stored(running) == parent.busy or self.work.set_busy(parent, stored(running)):
                self._wake(parent)
                return
        raise Unavailable("the parent's places are contended", fix="try again")

    def _parent(self, child: Task) -> Task | None:
        ref = child.ref.parent
        return self.work.get(ref) if ref and child.membership else None

    def _park(self, child: Task, seen: Task, reason: str) -> None:
        self.work.park(child, f"waits: {reason}")
        parent = self.work.get(seen.ref)
        if parent is not None and parent.busy != seen.busy:
            # Somebody left before this one could be seen waiting.
            self.courier.send(child)

    def _wake(self, parent: Task) -> None:
        for sibling in self.work.offspring(parent.ref):
            if sibling.membership and sibling.state is State.QUEUED:
                self.courier.send(sibling)
