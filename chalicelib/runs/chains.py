"""RunChains: whether the steps of a run are those that its terminal event anchors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.clock import Clock, read_rfc3339
from chalicelib.runs.step import Step, first_link
from chalicelib.runs.store import RunStore


@dataclass(kw_only=True, eq=False, repr=False)
class RunChains:
    """Reads the runs of terminal events.

    Attributes:
        retention: how long runs are kept.
    """

    runs: RunStore
    clock: Clock
    retention: timedelta

    def fault(self, owner: str, finished: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the steps of a run, None where they have expired.

        Args:
            owner: whose run.
            finished: the run's terminal event, as it was written.
        """
        details = finished["details"]
        steps = self.runs.steps(owner, details["run_id"])
        wrong = chain_fault(details["run_id"], steps, details["head"], details["steps"])
        # A run begins to expire with its first step, long before its end is forgotten.
        age = self.clock.now() - read_rfc3339(finished["at"])
        return None if wrong and age >= self.retention else wrong


def chain_fault(run_id: str, steps: Iterable[Step], head: str, number: int) -> str:
    """Return what is wrong with a run's steps, or an empty text.

    Args:
        run_id: the run.
        steps: all of its steps, those that never counted among them.
        head: the link of its last step, as its terminal event says.
        number: how many steps lead to it.
    """
    by_link = {step.link: step for step in steps}
    at, key = head, None
    for seq in range(number, 0, -1):
        step = by_link.get(at)
        if step is None or (key is not None and step.key != key):
            return f"step {seq} of run {run_id} is not as it was"
        at, key = step.previous_link, step.previous
    is_whole = at == first_link(run_id) and not key
    return "" if is_whole else f"run {run_id} has steps before its first"
