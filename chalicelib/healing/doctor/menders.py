"""Menders: what the doctor changes itself, each only while its target is as it was seen.

All that they do, the system does by itself as well, or a person would do by one command; none of
them deletes what somebody may want, and none needs a right that could be used to do harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.background.heartbeats.record import (
    HeartbeatKey,
    WorkHeartbeatKind,
    WorkHeartbeatUpdate,
)
from chalicelib.background.looking import SweepAction
from chalicelib.background.sweep import OLDEST
from chalicelib.background.task import TaskRef
from chalicelib.clock import read_rfc3339
from chalicelib.healing.doctor.check import Step
from chalicelib.healing.doctor.checks import approvals, functions, nodes, scheduler, work
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.mending import Mender, Result, cannot, changed
from chalicelib.healing.doctor.node_menders import Upkeep
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.scheduler.job import Due
from chalicelib.schedules import InvalidSchedule

_SWEEPS_FOR = timedelta(seconds=30)
_IDLE = frozenset({str(SweepAction.NOTHING), "broken", OLDEST})


@dataclass(eq=False)
class Recursion:
    """Switches off Lambda's guard against recursion for a worker."""

    rooms: Rooms
    can_undo: bool = True

    def apply(self, step: Step, *, again: bool) -> Result:
        """Set it to Allow."""
        return self._set(step.target, step.before, functions.ALLOW, again=again)

    def undo(self, step: Step, *, again: bool) -> Result:
        """Set it to what it was."""
        return self._set(step.target, functions.ALLOW, step.before, again=again)

    def _set(self, name: str, before: str, to: str, *, again: bool) -> Result:
        function = self.rooms.wanted.functions[name].deployed
        now = functions.recursion_of(self.rooms, function)
        if now == to and again:
            return Result(Outcome.DONE, f"RecursiveLoop of {name} is {to}")
        if now != before:
            return changed(f"RecursiveLoop of {name} is {now or 'gone'} by now")
        self.rooms.cloud.ask(
            "lambda", "put_function_recursion_config", FunctionName=function, RecursiveLoop=to
        )
        found = functions.recursion_of(self.rooms, function)
        outcome = Outcome.DONE if found == to else Outcome.FAILED
        return Result(outcome, f"RecursiveLoop of {name} is {found}")


@dataclass(eq=False)
class Rule:
    """Enables the schedule of a function; switching one off is no right of the doctor's."""

    rooms: Rooms
    can_undo: bool = False

    def apply(self, step: Step, *, again: bool) -> Result:
        """Enable it."""
        state = self._state(step.target)
        if state != step.before:
            if again and state == "ENABLED":
                return Result(Outcome.DONE, f"the schedule of {step.target} is {state}")
            return changed(f"the schedule of {step.target} is {state} by now")
        self.rooms.cloud.ask("events", "enable_rule", Name=functions.rule_name(step.target))
        found = self._state(step.target)
        outcome = Outcome.DONE if found == "ENABLED" else Outcome.FAILED
        return Result(outcome, f"the schedule of {step.target} is {found}")

    def undo(self, step: Step, *, again: bool) -> Result:
        """Say that it cannot."""
        return cannot(step, again=again)

    def _state(self, function: str) -> str:
        rule = functions.rule_state(self.rooms, function)
        return str(rule["State"]) if rule else "gone"


@dataclass(eq=False)
class Slots:
    """Hands over the slots of an owner that are late, as the next tick would."""

    rooms: Rooms
    can_undo: bool = False

    def apply(self, step: Step, *, again: bool) -> Result:
        """Hand them over."""
        now, gate = self.rooms.clock.now(), self.rooms.gates.read()
        late = [
            due
            for due in scheduler.overdue(self.rooms)
            if isinstance(due, Due) and due.owner == step.target
        ]
        if not late:
            done = Outcome.DONE if again else Outcome.UNCHANGED
            return Result(done, "no slot is late any more")
        sent = missed = 0
        unreadable = []
        for due in late:
            try:
                handed = self.rooms.handover.hand_over(due, now, gate)
            except InvalidSchedule:
                unreadable.append(due.pk.partition("#")[2])
                continue
            sent, missed = sent + handed.sent, missed + handed.missed
        told = f"{sent} slots were sent on their way, {missed} were missed"
        if unreadable:
            return Result(Outcome.FAILED, f"{told}; {', '.join(unreadable)} cannot be read")
        return Result(Outcome.DONE, told)

    def undo(self, step: Step, *, again: bool) -> Result:
        """Say that it cannot."""
        return cannot(step, again=again)


@dataclass(eq=False)
class Sweeping:
    """Looks at what is open and due, as the next sweep would."""

    rooms: Rooms
    can_undo: bool = False

    def apply(self, step: Step, *, again: bool) -> Result:
        """Look at it all once."""
        del step  # All of it is looked at.
        counts = self.rooms.sweep.run(self.rooms.clock.now() + _SWEEPS_FOR)
        done = {name: number for name, number in counts.items() if number and name not in _IDLE}
        told = ", ".join(f"{number} {name}" for name, number in sorted(done.items()))
        if counts["broken"]:
            told = f"{counts['broken']} could not be looked at; {told or 'nothing else was due'}"
            return Result(Outcome.FAILED, told)
        if not done:
            nothing = Outcome.DONE if again else Outcome.UNCHANGED
            return Result(nothing, "nothing is due any more")
        return Result(Outcome.DONE, f"looked at: {told}")

    def undo(self, step: Step, *, again: bool) -> Result:
        """Say that it cannot."""
        return cannot(step, again=again)


@dataclass(eq=False)
class Heartbeat:
    """Clears the heartbeat of work that has ended."""

    rooms: Rooms
    can_undo: bool = True

    def apply(self, step: Step, *, again: bool) -> Result:
        """Clear it, unless the work was heard of since."""
        key = _heartbeat_key(step.target)
        now = work.heartbeat_of(self.rooms, key)
        if not now:
            return Result(Outcome.DONE, "it is cleared") if again else changed("it is gone")
        task = self.rooms.work.get(TaskRef.of(key.owner, key.object_id))
        if now != step.before or (task is not None and not task.state.is_terminal):
            return changed("the work was heard of since")
        self.rooms.heartbeats.clear(*key, int(step.before.partition("|")[0]))
        return Result(Outcome.DONE, f"the heartbeat of {key.object_id} was cleared")

    def undo(self, step: Step, *, again: bool) -> Result:
        """Put it back as it was."""
        key = _heartbeat_key(step.target)
        now = work.heartbeat_of(self.rooms, key)
        if now:
            is_own = again and now == step.before
            return Result(Outcome.DONE, "it is back") if is_own else changed("there is one again")
        token, at, summary = step.before.split("|", 2)
        update = WorkHeartbeatUpdate(
            owner=key.owner,
            kind=key.kind,
            object_id=key.object_id,
            summary=summary,
            token=int(token),
        )
        self.rooms.heartbeats.record(update, read_rfc3339(at))
        return Result(Outcome.DONE, f"the heartbeat of {key.object_id} is back")


def menders(rooms: Rooms) -> Mapping[str, Mender]:
    """Return all menders, by the names that steps have for them."""
    return {
        functions.RECURSION: Recursion(rooms),
        functions.RULE: Rule(rooms),
        scheduler.SLOTS: Slots(rooms),
        work.SWEEP: Sweeping(rooms),
        work.HEARTBEAT: Heartbeat(rooms),
        approvals.WATCH: Upkeep(rooms, rooms.approvals.run, "prompts were ended or told"),
        nodes.PAIRINGS: Upkeep(rooms, rooms.pairings.run, "codes and pairings were ended"),
        nodes.REQUESTS: Upkeep(rooms, rooms.node_requests.run, "requests were ended"),
    }


def _heartbeat_key(target: str) -> HeartbeatKey:
    owner, _, object_id = target.partition("#")
    return HeartbeatKey(owner, WorkHeartbeatKind.BACKGROUND_TASK, object_id)
