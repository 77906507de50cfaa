"""The history checker: judges what was committed and called, knowing nothing of the code tested.

It sees raw items and which process wrote them. Its own table of legal moves is written from the
design, not taken from the rules. A violation carries the name of the invariant, as in design.md
section 1 and protocol.md section 1.7.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.simulation import (
    device_checker,
    erasure_checker,
    invariants,
    invocation_checker,
    pairing_checker,
)
from tests.simulation.approval_checker import ApprovalChecker
from tests.simulation.items import Item
from tests.simulation.items import key as _key
from tests.simulation.items import number as _number
from tests.simulation.items import task_id as _id
from tests.simulation.items import text as _text
from tests.simulation.job_checker import JobChecker
from tests.simulation.journal_checker import JournalChecker
from tests.simulation.lock_checker import LockChecker
from tests.simulation.misfire_checker import MisfireChecker
from tests.simulation.policy_checker import PolicyChecker
from tests.simulation.request_checker import RequestChecker
from tests.simulation.retention_checker import RetentionChecker

if TYPE_CHECKING:
    from tests.simulation.world import World

TERMINAL = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}
_RETRIED = {"failed", "unknown", "cancelled", "expired"}
# From a state, what the holder of the token may make of it, and what anybody else may.
_BY_HOLDER = {
    "running": {
        "running",
        "succeeded",
        "failed",
        "unknown",
        "cancelled",
        "closed",
        "queued",
        "paused",
    }
}
_BY_OTHERS = {
    "queued": {"running", "paused", "cancelled", "expired"},
    "running": {"running", "failed", "cancelled", "expired"},
    "paused": {"queued", "cancelled", "expired"},
    **{state: {"queued"} for state in _RETRIED},
}
# What may change without the token: looks, requests, and a parent's accounts of its children.
_UNFENCED = {
    "wake_at",
    "resends",
    "cancel_at",
    "cancel_reason",
    "children",
    "descendants",
    "busy",
    "open_lane",
}
_CONCURRENT = 2
JOB_SECONDS = 300


class Violation(AssertionError):
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


class Checker:
    """Watches one schedule."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.violations: list[Violation] = []
        self.holders: dict[tuple[str, str, int], object] = {}
        self.rows: dict[tuple[str, str], Item] = {}
        self.outside: Counter[str] = Counter()
        self.keys: dict[tuple[str, str, int], str] = {}
        self.flaking = 0
        self.approvals = ApprovalChecker(self)
        self.jobs = JobChecker(self)
        self.journal = JournalChecker(self)
        self.locks = LockChecker(self)
        self.misfires = MisfireChecker(self)
        self.requests = RequestChecker(self)
        self.retention = RetentionChecker(self)
        self.policies = PolicyChecker(self)

    def violated(self, invariant: str, what: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(invariant, what))

    def judge(self, broken: Iterable[invariants.Broken]) -> None:
        """Note what is broken."""
        for invariant, what in broken:
            self.violated(invariant, what)

    # What happens.

    def committed(self, table: str, old: Item | None, new: Item | None) -> None:
        """Judge a committed write."""
        name = table.rpartition("-")[2]
        if name == "work" and new is not None and "state" in new:
            self._work(old, new)
        elif name == "work" and new is not None:
            self.judge(invariants.deduped(old, new))
        elif name == "jobs":
            self.judge(self.jobs.written(old, new))
            if new is not None and _text(new, "sk") == "hot":
                self.judge(invariants.locked(self, old, new))
                self.misfires.held(old, new)
        elif name == "system":
            self._system(old, new)
        elif name == "journal":
            judged = self.retention if self.retention.is_about(old, new) else self.journal
            self.judge(judged.written(old, new))
        elif name == "runs":
            self._run(old, new)
        self._node(name, old, new)
        self.judge(self.approvals.written(name, old, new))
        self.judge(self.locks.committed(name, old, new))
        self.judge(self.policies.committed(name, old, new))

    def _system(self, old: Item | None, new: Item | None) -> None:
        written = new or old or {}
        if new is not None and "gate_ver" in new:
            self.judge(self.misfires.gated(old, new))
        elif "made" in written:
            self.judge(self.requests.kept(old, new))
        elif "progress" in written:
            self.judge(self.journal.verified(old, new))
        elif "key_id" in written:
            self.judge(erasure_checker.keys(old, new))

    def _node(self, name: str, old: Item | None, new: Item | None) -> None:
        if name == "nodes":
            self.judge(pairing_checker.moved(old, new))
            self.judge(device_checker.moved(self.world, old, new))
            self.judge(invocation_checker.moved(self.world, old, new))

    def _run(self, old: Item | None, new: Item | None) -> None:
        if old is None or "content" not in old:
            return
        if new is not None or not erasure_checker.is_gone(self, old):
            self.violated("I1 steps are never rewritten", _key(old))

    def called_outside(self, key: str, *, idempotent: bool) -> None:
        """Judge a call to the outside, by its idempotency key."""
        self.outside[key] += 1
        if self.outside[key] > 1 and not idempotent:
            self.violated("I8 one call", f"{key} was called {self.outside[key]} times")
        task_id, _, seq = key.partition("#")
        row = self.row_of(task_id)
        if row is None or _number(row, "checkpoint_seq") < int(seq):
            self.violated("I8 no call without an accepted intent", key)
        else:
            self.judge(invariants.called(self, row, key, idempotent=idempotent))

    def flakes(self, _key: str) -> bool:
        """Return whether a flaky tool fails this time."""
        self.flaking -= 1
        return self.flaking >= 0

    def _work(self, old: Item | None, new: Item) -> None:
        self.rows[_text(new, "pk"), _text(new, "sk")] = new
        if old is None:
            self._made(new)
        else:
            self._moved(old, new)
            self.judge(self.misfires.moved(old, new))
        self._shape(new)
        self.judge(invariants.under_way(self, old, new))
        if _text(new, "outcome") == "fired" and _text(new, "state") not in TERMINAL:
            self._company(new)

    def _made(self, new: Item) -> None:
        if _text(new, "state") not in {"queued", "closed"} or _number(new, "token"):
            self.violated("I1 rows begin queued", _key(new))
        self.judge(invariants.made(self, new))
        if _text(new, "kind") == "firing":
            self.judge(self.jobs.ledgered(new))
            self.judge(self.misfires.ledgered(new))
        if "group" in new:
            parent = self.row_of(_text(new, "pk").partition("#")[2])
            if parent is None or _text(parent, "state") in TERMINAL or "cancel_at" in parent:
                self.violated("D1 nothing is delegated by what ends", _key(new))

    def _moved(self, old: Item, new: Item) -> None:
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if changed <= _UNFENCED:
            return
        if erasure_checker.is_erasure(old, new):
            is_terminal = _text(old, "state") in TERMINAL
            self.judge(erasure_checker.emptied(old, new, is_terminal=is_terminal))
            return
        was, now = _text(old, "state"), _text(new, "state")
        before, after = _number(old, "token"), _number(new, "token")
        what = f"{_key(new)}: {was}#{before} -> {now}#{after}"
        if after == before:
            self._kept_token(old, new, what)
            return
        if after != before + 1:
            self.violated("R2 a token is raised by one", what)
        if now not in _BY_OTHERS.get(was, set()):
            self.violated(
                "I1 terminal is final" if was in TERMINAL else "T1 only legal moves", what
            )
        self.judge(invariants.taken(self, old, new))
        if now == "running":
            self.holders[_text(new, "pk"), _text(new, "sk"), after] = self.world.process
            self._claimed(old, new, what)

    def _kept_token(self, old: Item, new: Item, what: str) -> None:
        was, place = _text(old, "state"), (_text(new, "pk"), _text(new, "sk"))
        if was in TERMINAL:
            self.violated("I1 terminal is final", what)
        elif _text(new, "state") not in _BY_HOLDER.get(was, set()):
            self.violated("R2 who takes work raises the token", what)
        elif self.holders.get((*place, _number(old, "token"))) is not self.world.process:
            self.violated("I4 only its holder writes under a token", what)
        self.judge(invariants.held(self, old, new))

    def _claimed(self, old: Item, new: Item, what: str) -> None:
        if old.get("claim") == new.get("claim"):
            self.violated("I4 a claim is somebody's", what)
        if _text(old, "state") == "running":
            if _number(new, "attempt") != _number(old, "attempt") + 1:
                self.violated("A1 a rescue counts an attempt", what)
        elif _number(new, "attempt") != _number(old, "attempt"):
            self.violated("A1 only a rescue counts an attempt", what)
        if "cancel_at" in old:
            self.violated("C1 what was asked to stop is not begun", what)

    def _shape(self, new: Item) -> None:
        is_open = _text(new, "state") not in TERMINAL
        if (is_open and "open_lane" not in new) or ("open_lane" in new) != ("wake_at" in new):
            self.violated("I3 in the index while not terminal", _key(new))
        if _number(new, "attempt") > _number(new, "last_attempt"):
            self.violated("A2 no more attempts than allowed", _key(new))
        if _text(new, "state") == "cancelled" and "children" in new:
            for child in self._offspring(new):
                if _text(child, "state") not in TERMINAL and "cancel_at" not in child:
                    self.violated("C2 children are asked before their parent ends", _key(child))

    def _company(self, new: Item) -> None:
        """Judge who else is fired and alive beside a row: a job's slots, a parent's children."""
        partition = [row for (pk, _), row in self.rows.items() if pk == _text(new, "pk")]
        alive = [
            row
            for row in partition
            if _text(row, "outcome") == "fired" and _text(row, "state") not in TERMINAL
        ]
        if _text(new, "kind") == "firing" and len(alive) > 1:
            self.violated("I5 one fired live task a job", ", ".join(map(_key, alive)))
        children = [row for row in alive if "group" in row]
        if "group" in new and len(children) > _CONCURRENT:
            self.violated("D2 concurrent children", ", ".join(map(_key, children)))

    # What is left in the end.

    def at_rest(self) -> None:
        """Judge the world after everything had the time to end."""
        events = Counter(_text(event, "event_id") for event in self._table("journal"))
        finished = Counter({id_: n for id_, n in events.items() if id_.endswith("finished")})
        rows = [row for row in self._table("work") if "state" in row]
        for row in rows:
            self._task_at_rest(row, finished)
        self.judge(invariants.at_rest(rows, events))
        for event, times in finished.items():
            # Its id is derived, so readers know a repeat; only two who conclude at once make one.
            if times > 1 and not self.world.applied["frozen"] and not self.world.is_skewed:
                self.violated("J3 one terminal event", event)
        for hot in self._table("jobs"):
            if _text(hot, "sk") == "hot":
                self._job_at_rest(hot)
        self.judge(self.approvals.at_rest())
        self.judge(self.jobs.at_rest())
        self.judge(self.journal.at_rest())
        self.judge(self.retention.at_rest())
        self.judge(self.locks.at_rest())
        self.judge(self.requests.at_rest())
        self.judge(self.misfires.at_rest())
        self._heartbeats_at_rest()
        if self.world.queues.dead:
            self.violated("Q1 no message dies", str(len(self.world.queues.dead)))

    def _heartbeats_at_rest(self) -> None:
        for beat in self._table("heartbeats"):
            task = self.row_of(_text(beat, "sk"))
            if task is None or _text(task, "state") in TERMINAL:
                self.violated("H1 heartbeats are cleared", _key(beat))

    def _task_at_rest(self, row: Item, finished: Counter[str]) -> None:
        state, what = _text(row, "state"), f"{_key(row)} is {_text(row, 'state')}"
        if state not in TERMINAL:
            self.violated("I3 no task is lost", what)
            return
        if "open_lane" in row:
            self.violated("I3 what is over leaves the index", what)
        if state == "closed" or "erased" in row:
            return
        if not finished[f"{_id(row)}/{_number(row, 'token')}/finished"]:
            self.violated("J3 a terminal event", what)
        if _text(row, "kind") in {"firing", "background_prompt"}:
            self._run_at_rest(row, what)
        if state == "succeeded":
            self._succeeded(row, what)

    def _run_at_rest(self, row: Item, what: str) -> None:
        owner = _text(row, "pk").partition("#")[0]
        steps = {
            _text(each, "sk"): each
            for each in self._table("runs")
            if _text(each, "pk") == f"{owner}#{_id(row)}"
        }
        header = steps.pop("0", None)
        if header is None or _number(header, "ended_token") != _number(row, "token"):
            self.violated("R1 the header ends last", what)
        at = ""
        if "checkpoint_seq" in row:
            at = f"{_number(row, 'checkpoint_token'):06}#{_number(row, 'checkpoint_seq'):06}"
        for seq in range(_number(row, "checkpoint_seq"), 0, -1):
            step = steps.get(at)
            if step is None or int(at[-6:]) != seq:
                self.violated("I1 accepted steps are one chain", what)
                return
            at = _text(step, "previous")

    def _succeeded(self, row: Item, what: str) -> None:
        payload = json.loads(_text(row, "payload") or "{}")
        if payload.get("then") and not any("group" not in each for each in self._offspring(row)):
            self.violated("I10 a success has its follow-up", what)
        for number, tool in enumerate(payload.get("tools", []), 1):
            if tool in {"sim.post", "sim.put"} and "repeat_seq" not in row:
                key = f"{_id(row)}#{2 * number - 1}"
                if not self.outside[key]:
                    self.violated("I1 an effect is made", key)

    def _job_at_rest(self, hot: Item) -> None:
        pk = _text(hot, "pk")
        holder = self.rows_now().get((pk, _text(hot, "active")))
        if "active" in hot and holder is not None and _text(holder, "state") not in TERMINAL:
            self.violated("I6 the lock is let go", _key(hot))

    def rows_now(self) -> dict[tuple[str, str], Item]:
        """Return the rows of the work table by their keys."""
        return {(_text(row, "pk"), _text(row, "sk")): row for row in self._table("work")}

    def _offspring(self, row: Item) -> list[Item]:
        owner = _text(row, "pk").partition("#")[0]
        pk = f"{owner}#{_id(row)}"
        return [each for (at, _), each in self.rows_now().items() if at == pk]

    def row_of(self, task_id: str) -> Item | None:
        """Return the row of a task, or None."""
        subject, _, sk = task_id.rpartition("-")
        return self.rows_now().get((f"main#{subject or 'tasks'}", sk))

    def _table(self, name: str) -> list[Item]:
        rows = self.world.dynamo.tables[f"palyra-local-{name}"].rows()
        return [row.item for row in rows.values()]
