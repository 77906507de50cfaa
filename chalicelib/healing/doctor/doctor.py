"""Doctor: carries out examinations, check by check and change by change.

Each check and each change is a step of the task that outlives its worker: what was seen is kept
under the task's token, and another invocation goes on behind it. Before a change is made it is kept
as begun, and what became of it is kept in one transaction with its event, so that the journal has
every change once, whatever dies in between.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from chalicelib.background.kinds import Conclusion, Continuation, Ending, Stopped
from chalicelib.background.lease import Lease
from chalicelib.background.payloads import Payloads
from chalicelib.background.store import End, LostClaim
from chalicelib.background.task import State, Task
from chalicelib.clock import Clock
from chalicelib.errors import Conflict, Denied, NotFound, Unavailable
from chalicelib.healing.doctor.catalogue import CHECKS, chosen
from chalicelib.healing.doctor.check import Check, Look, NotKnown, shown, unknown
from chalicelib.healing.doctor.examination import (
    Change,
    Examination,
    Mode,
    Order,
    Outcome,
    planned,
    to_make,
)
from chalicelib.healing.doctor.menders import menders
from chalicelib.healing.doctor.mending import Mender, Result
from chalicelib.healing.doctor.orders import read_order
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.healing.doctor.store import ExaminationStore
from chalicelib.journal.event import Event
from chalicelib.journal.store import JournalStore
from chalicelib.tables import Cancelled, Refused

_log = logging.getLogger("palyra.doctor")
_STEP_LASTS = timedelta(seconds=60)
_WINDOW = timedelta(hours=1)
_CHECKS = "chalicelib.healing.doctor.checks"
_BY_KEY: Mapping[str, Check] = {check.key: check for check in CHECKS}
_KINDS = {Mode.FIX: "doctor.fixed", Mode.UNDO: "doctor.undone"}


@dataclass(kw_only=True, eq=False, repr=False)
class Doctor:
    """Examines a stage.

    Attributes:
        rooms: returns the rooms as an owner sees them, the ledger from an instant on.
    """

    rooms: Callable[[str, datetime], Rooms]
    examinations: ExaminationStore
    journal: JournalStore
    payloads: Payloads
    clock: Clock
    conclusion: Conclusion
    menders: Callable[[Rooms], Mapping[str, Mender]] = field(default=menders)

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation:
        """Carry out an examination, from where it was left.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            Unavailable: what was seen cannot be kept.
        """
        try:
            examination = self._begun(task)
        except (Denied, Conflict, NotFound) as refused:
            # Trying again would not help; Invalid and what is broken has its attempts.
            return Ending(end=End(State.FAILED, task.outcome, refused.detail))
        rooms = self.rooms(task.ref.owner, examination.since)
        while not examination.is_complete:
            if lease.must_stop_before(_STEP_LASTS):
                return Continuation(self.clock.now())
            with lease.step(_STEP_LASTS):
                examination = self._step(task, rooms, examination)
            if lease.is_asked_to_stop():
                raise Stopped
        return Ending(end=End(State.SUCCEEDED, task.outcome, examination.told))

    def look(self, rooms: Rooms, check: Check) -> Look:
        """Return what a check sees; it never fails."""
        function: Callable[[Rooms], Look]
        function = getattr(import_module(f"{_CHECKS}.{check.room}"), check.name)
        try:
            return function(rooms)
        except NotKnown as error:
            return unknown(str(error))
        except Unavailable as error:
            return unknown(f"nobody can say: {error.detail}")
        except Exception as error:  # noqa: BLE001 - one broken check must not hide what others see
            _log.exception("a check broke", extra={"check": check.key})
            return unknown(f"the check itself broke: {type(error).__name__}: {error}")

    # Beginning.

    def _begun(self, task: Task) -> Examination:
        kept = self.examinations.get(task.ref.owner, task.ref.id)
        if kept is not None:
            return kept
        order, now = read_order(self.payloads.read(task) or {}), self.clock.now()
        blank = Examination(
            id=task.ref.id,
            mode=order.mode,
            run=order.run,
            by=task.requested_by or "system:daemon",
            since=order.since or now - _WINDOW,
            begun_at=now,
            at=now,
            checks=(),
        )
        if order.mode is Mode.LOOK:
            checks = chosen(order.only, order.skip)
            return replace(blank, checks=tuple(check.key for check in checks))
        return self._going_by(task.ref.owner, blank, order)

    def _going_by(self, owner: str, blank: Examination, order: Order) -> Examination:
        """Return an examination that makes another one's changes, and looks after them."""
        before = self.examinations.get(owner, order.run)
        if before is None:
            raise NotFound(f"there is no examination {order.run!r:.160}")
        changes = to_make(owner, order.mode, before)
        wanted = {change.check for change in changes}
        checks = tuple(check.key for check in CHECKS if check.key in wanted)
        return replace(blank, since=before.since, changes=changes, checks=checks)

    # Going on.

    def _step(self, task: Task, rooms: Rooms, examination: Examination) -> Examination:
        place = examination.next_change
        if place is not None:
            return self._make(task, rooms, examination, place)
        check = _BY_KEY.get(examination.next_check or "")
        looked = unknown("this version has no such check") if check is None else None
        look = looked or self.look(rooms, _BY_KEY[examination.next_check or ""])
        looks = {**examination.looks, (examination.next_check or ""): look}
        seen = replace(examination, looks=looks, at=self.clock.now())
        if seen.mode is Mode.LOOK:
            can_undo = [name for name, each in self.menders(rooms).items() if each.can_undo]
            seen = replace(seen, changes=planned(looks, can_undo))
        return self._keep(task, seen)

    def _make(self, task: Task, rooms: Rooms, examination: Examination, place: int) -> Examination:
        change = examination.changes[place]
        was_begun = change.outcome is Outcome.BEGUN
        if not was_begun:
            begun = _with(examination, place, change._replace(outcome=Outcome.BEGUN))
            examination = self._keep(task, begun)
        result = self._result(rooms, examination.mode, change, again=was_begun)
        made = change._replace(outcome=result.outcome, told=shown(result.told))
        after = replace(_with(examination, place, made), at=self.clock.now())
        if made.outcome is not Outcome.DONE:
            return self._keep(task, after)
        write = self.examinations.keep_write(task.ref.owner, after, task.token)
        try:
            self.journal.append_with(_event(task, after, place), [write])
        except Cancelled as cancelled:
            raise LostClaim from cancelled
        return after

    def _result(self, rooms: Rooms, mode: Mode, change: Change, *, again: bool) -> Result:
        mender = self.menders(rooms).get(change.step.mender)
        if mender is None:
            return Result(Outcome.FAILED, "this version does not know how")
        make = mender.apply if mode is Mode.FIX else mender.undo
        try:
            return make(change.step, again=again)
        except NotKnown as error:
            return Result(Outcome.FAILED, str(error))
        except Unavailable as error:
            return Result(Outcome.FAILED, f"it may have been done: {error.detail}")

    def _keep(self, task: Task, examination: Examination) -> Examination:
        try:
            self.examinations.keep(task.ref.owner, examination, task.token)
        except Refused as refused:
            raise LostClaim from refused
        return examination


def _with(examination: Examination, place: int, change: Change) -> Examination:
    changes = list(examination.changes)
    changes[place] = change
    return replace(examination, changes=tuple(changes))


def _event(task: Task, examination: Examination, place: int) -> Event:
    change = examination.changes[place]
    details: dict[str, Any] = {
        "run": examination.id,
        "of": examination.run,
        "check": change.check,
        "mender": change.step.mender,
        "target": change.step.target,
        "before": change.step.before,
        "told": change.told,
    }
    return Event(
        id=f"{task.ref.id}/{place}/{examination.mode}",
        owner=task.ref.owner,
        kind=_KINDS[examination.mode],
        actor=examination.by,
        subject=task.ref.id,
        at=examination.at,
        details=details,
    )
