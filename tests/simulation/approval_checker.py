"""What must hold of approvals: decided once, followed by those who waited, and never overstepped.

Like the other checkers it sees raw items, and the calls of the tools that need an approval.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

ONCE = "P1 an approval is decided once"
TOLD = "P2 each approval is in the journal, and how it ended"
APPROVED = "P3 a call is made only if it was approved, and once for each approval"
LIVES = "P4 nobody waits for ever"
HOLDS = "P5 only who holds a task asks for it"
IN_TIME = "P6 nobody decides when the time is over"
FOLLOWED = "P7 what was decided is followed within minutes"
DENIED = "P8 what was refused does not succeed"
SAME = "P9 a prompt says for ever what was asked"

_TERMINAL = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}
# What changes when it is decided, looked at, told or erased; all else was asked.
_LATER = {
    *("state", "decided_at", "decided_by", "scope", "reason", "code", "ttl"),
    *("wake_at", "pending_shard", "listed_at"),
}
_AFTER_DECISION = {"wake_at", "pending_shard"}
_ERASED = {"text", "reason", "arguments_sha256", "basis", "erased"}
_PATIENCE_MS = 30 * 60_000


class ApprovalChecker:
    """Watches the approvals of one schedule.

    Attributes:
        calls: the keys of the calls that needed an approval, as often as they were made.
    """

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.calls: Counter[str] = Counter()

    def written(self, table: str, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of a prompt."""
        row = new or old or {}
        if table != "approvals" or "title" not in row:
            return
        if old is None:
            yield from self._asked(row)
        elif new is None:
            yield ONCE, f"{key(old)} is gone"
        else:
            yield from self._changed(old, new)

    def called(self, call: str) -> None:
        """Note a call that needed an approval, by its idempotency key."""
        self.calls[call] += 1
        run = call.partition("#")[0]
        granted = [row for row in self._prompts() if self._lets_pass(row, run)]
        made = {each for each in self.calls if each.partition("#")[0] == run}
        if any(text(row, "scope") in {"run", "routine"} for row in granted):
            return
        if len(made) > len([row for row in granted if text(row, "kind") == "tool_call"]):
            self.checker.violated(APPROVED, f"{call}: {len(granted)} approvals")

    def at_rest(self) -> Iterator[Broken]:
        """Judge the prompts after everything had the time to end."""
        rows = self._prompts()
        events = Counter(event["id"] for event in self._events())
        kinds = {event["id"]: event["kind"] for event in self._events()}
        for row in rows:
            yield from self._ended(row)
            name, state = text(row, "pk").partition("#")[2], text(row, "state")
            is_told = kinds.get(f"{name}/ended") == f"approval.{state}"
            if events[f"{name}/asked"] != 1 or events[f"{name}/ended"] != 1 or not is_told:
                yield TOLD, key(row)
        if sum(events.values()) != 2 * len(rows):
            yield TOLD, f"{sum(events.values())} events of {len(rows)} approvals"

    def _asked(self, new: Item) -> Iterator[Broken]:
        task = self.checker.row_of(text(new, "task"))
        if task is None:
            yield HOLDS, key(new)
            return
        place = (text(task, "pk"), text(task, "sk"), number(task, "token"))
        is_held = text(task, "state") == "running"
        if not is_held or self.checker.holders.get(place) is not self.checker.world.process:
            yield HOLDS, key(new)

    def _changed(self, old: Item, new: Item) -> Iterator[Broken]:
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if changed <= _ERASED:
            return
        if changed - _LATER:
            yield SAME, f"{key(new)}: {sorted(changed - _LATER)}"
        if text(old, "state") != "pending" and changed - _AFTER_DECISION:
            yield ONCE, f"{key(new)}: {text(old, 'state')}, then {text(new, 'state')}"
        was_decided = text(new, "state") in {"approved", "denied"} and "state" in changed
        late = self.checker.world.now.timestamp() * 1000 >= number(new, "expires_at")
        frozen = self.checker.world.applied["frozen"]
        if was_decided and late and not (self.checker.world.is_skewed or frozen):
            yield IN_TIME, key(new)

    def _ended(self, row: Item) -> Iterator[Broken]:
        state, task = text(row, "state"), self.checker.row_of(text(row, "task"))
        if state == "pending" or "pending_shard" in row or task is None:
            yield LIVES, f"{key(row)} is {state}"
            return
        if text(task, "state") not in _TERMINAL or "history" in task or "resumed" in task:
            return
        waited = self._went_on(row, task) - number(row, "decided_at")
        if waited > _PATIENCE_MS and not self.checker.world.is_skewed:
            yield FOLLOWED, f"{key(row)}: after {waited // 60_000} minutes"
        refused = text(row, "code") in {"approval.denied", "approval.expired"}
        if refused and text(task, "state") == "succeeded":
            yield DENIED, key(row)

    def _went_on(self, row: Item, task: Item) -> int:
        """Return when a task was first seen to have gone on behind a prompt: asking, or ending."""
        others = [each for each in self._prompts() if text(each, "task") == text(row, "task")]
        later = [each for each in others if text(each, "step") > text(row, "step")]
        return min([number(task, "finished_at"), *(number(each, "asked_at") for each in later)])

    def _lets_pass(self, row: Item, run: str) -> bool:
        is_standing = text(row, "scope") == "routine"
        return text(row, "state") == "approved" and (text(row, "run_id") == run or is_standing)

    def _prompts(self) -> list[Item]:
        return [row for row in self.checker._table("approvals") if "title" in row]

    def _events(self) -> list[dict[str, Any]]:
        found = [
            json.loads(text(row, "content"))
            for row in self.checker._table("journal")
            if text(row, "kind").startswith("approval.")
        ]
        return [each for each in found if each["kind"].startswith("approval.")]
