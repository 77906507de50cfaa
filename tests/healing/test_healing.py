"""Each kind of incident that can be provoked here: raised, and ended as its mode says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind, WorkHeartbeatUpdate
from chalicelib.background.queue import LaneQueue
from chalicelib.background.rows import WorkRow
from chalicelib.background.store import WorkStore
from chalicelib.background.task import Lane, State, Task
from chalicelib.errors import Conflict, Unavailable
from chalicelib.healing.skew import MOST_SKEW
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import FLAPS, IncidentState, RuntimeIncidentRecord, Sighting
from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.scheduler.job import Change, JobState
from chalicelib.scheduler.rows import HotRow
from tests.healing.ward import Ward
from tests.support.tasks import KIND, OPERATOR, SECOND, abandoned, claimed, errand, errands
from tests.support.world import MINUTE, NOON, World

AUTO, DISABLED = {"healing_mode": "auto"}, {"healing_mode": "disabled"}
OBSERVED = {"healing_mode": "observe_only"}


def an_errand(world: World, **fields: int) -> Task:
    errands(world.services)
    return errand(world, **fields)


def state(ward: Ward, record: RuntimeIncidentRecord) -> str:
    found = ward.store.get(record.owner, record.id)
    assert found is not None
    return str(found.state)


def silent(ward: Ward, kind: WorkHeartbeatKind = WorkHeartbeatKind.CHANNEL_WORKER) -> None:
    """Let something beat; it is silent when enough time has passed."""
    update = WorkHeartbeatUpdate(owner="main", kind=kind, object_id="W", summary="reads")
    ward.heartbeats.record(update, ward.world.clock.now())


class TestDeadWork:
    def test_it_is_requeued_told_and_over_when_somebody_works_on_it(self, ward: Ward) -> None:
        task = an_errand(ward.world)
        abandoned(ward.world, task.ref)
        ward.swept()
        incident = ward.one("dead-work")
        assert (incident.state, incident.subject) == ("open", task.ref.id)
        assert ward.attempts(incident) == [("requeue", "succeeded")]

        ward.world.services.handle(task.ref)
        ward.minute()
        assert state(ward, incident) == "resolved"
        assert ward.changes(incident) == ["opened", "resolved"]

    def test_after_its_last_attempt_it_ends_failed(self, ward: Ward) -> None:
        task = an_errand(ward.world, max_attempts=1)
        abandoned(ward.world, task.ref)
        ward.swept()
        assert ward.world.task(task.ref).state is State.FAILED
        assert ward.attempts(ward.one("dead-work")) == [("fail", "succeeded")]

        ward.minute()
        assert ward.one("dead-work").state is IncidentState.RESOLVED

    def test_what_was_asked_to_stop_and_did_not_is_cancelled(self, ward: Ward) -> None:
        task = an_errand(ward.world)
        abandoned(ward.world, task.ref)
        ward.world.services.tasks.cancel("main", OPERATOR, task.ref.id, "enough")
        ward.minute(3)
        assert ward.world.task(task.ref).state is State.CANCELLED
        assert ward.attempts(ward.one("dead-work")) == [("cancel", "succeeded")]

    @pytest.mark.parametrize("settings", [AUTO, OBSERVED, DISABLED])
    def test_the_protocol_rescues_it_in_every_mode(
        self, world: World, settings: dict[str, str]
    ) -> None:
        ward, task = Ward(world, settings), an_errand(world)
        abandoned(world, task.ref)
        assert ward.swept()["send"] == 1
        assert ward.attempts(ward.one("dead-work")) == [("requeue", "succeeded")]

    def test_one_that_beats_is_left_alone(self, ward: Ward) -> None:
        task = claimed(ward.world, an_errand(ward.world).ref)
        for _ in range(10):
            ward.world.clock.move(30 * SECOND)
            task = ward.world.services.worker.work.renew(task, ward.world.clock.now())
            ward.swept()
        assert ward.all() == []
        assert ward.world.task(task.ref).token == task.token

    def test_a_task_that_dies_all_the_time_is_one_incident_with_a_bounded_story(
        self, ward: Ward
    ) -> None:
        task = an_errand(ward.world, max_attempts=16)
        for number in range(16):
            claimed(ward.world, task.ref, str(number))
            ward.minute(1.1)
        incident = ward.one("dead-work")
        assert incident.count == 16
        assert len(ward.store.history("main", incident.id)) <= 2 * FLAPS + 16
        assert ward.world.task(task.ref).state is State.FAILED

    def test_a_sweep_that_cannot_tell_rescues_all_the_same(
        self, ward: Ward, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(*_arguments: object) -> None:
            raise Unavailable

        task = an_errand(ward.world)
        abandoned(ward.world, task.ref)
        monkeypatch.setattr(ward.store, "raise_", gone)
        assert ward.sweep.run(ward.world.clock.now() + MINUTE)["send"] == 1


class TestMessages:
    def test_a_message_that_nobody_takes_is_told_and_over_when_somebody_does(
        self, ward: Ward
    ) -> None:
        task = an_errand(ward.world)
        for queue in ward.sweep.courier.lanes.values():
            queue.depths = lambda: {"waiting": 0, "in_flight": 0, "delayed": 0}  # type: ignore[method-assign]
        for _ in range(4):
            ward.minute()
        incident = ward.one("message-lost")
        assert incident.subject == task.ref.id

        ward.world.services.handle(task.ref)
        ward.minute()
        assert state(ward, incident) == "resolved"

    def test_a_lane_that_keeps_its_messages_for_too_long_is_told_once(self, ward: Ward) -> None:
        for _ in range(Lane.NORMAL.workers + 1):
            an_errand(ward.world)
        for _ in range(9):
            ward.minute()
        assert [each.kind for each in ward.all()] == []
        incident = ward.one("lane-slow", "system")
        assert incident.subject == "normal"

    def test_one_that_waits_for_another_task_is_not_lost(self, ward: Ward) -> None:
        task = an_errand(ward.world)
        held = claimed(ward.world, task.ref)
        ward.world.services.worker.work.park(held, "waits: for its turn")
        for _ in range(6):
            ward.minute()
        assert [each.kind for each in ward.all()] == []

    def test_a_task_that_was_put_aside_is_resumed_in_auto_and_only_then(self, world: World) -> None:
        ward = Ward(world)
        task = an_errand(world)
        WorkRow(*task.ref).update([WorkRow.kind.set("no.such.kind")])
        world.services.handle(task.ref)
        ward.minute()
        incident = ward.one("unknown-kind")
        assert ward.attempts(incident) == [("resume_task", "skipped")]
        ward.minute(20)
        assert ward.attempts(incident) == [("resume_task", "skipped")]

        WorkRow(*task.ref).update([WorkRow.kind.set(KIND)])
        ward = Ward(world, AUTO)
        ward.minute()
        assert ward.attempts(incident)[-1] == ("resume_task", "succeeded")
        world.services.handle(task.ref)
        ward.minute()
        assert state(ward, incident) == "resolved"
        assert world.task(task.ref).state is State.SUCCEEDED


class TestHeartbeats:
    def test_work_without_a_lease_that_is_silent_is_told(self, ward: Ward) -> None:
        silent(ward)
        ward.minute(9)
        assert ward.all() == []
        ward.minute(2)
        incident = ward.one("stale-heartbeat")
        assert ward.attempts(incident) == [("clear_heartbeat", "skipped")]

        silent(ward)
        ward.minute()
        assert state(ward, incident) == "resolved"

    def test_in_auto_it_is_forgotten(self, world: World) -> None:
        ward = Ward(world, {"healing_watchdog_mode": "auto"})
        silent(ward)
        ward.minute(11)
        assert ward.attempts(ward.one("stale-heartbeat")) == [("clear_heartbeat", "succeeded")]
        assert ward.heartbeats.count("main") == 0
        ward.minute()
        assert ward.one("stale-heartbeat").state is IncidentState.RESOLVED

    def test_that_of_work_that_has_ended_is_cleared_without_a_word(self, ward: Ward) -> None:
        silent(ward, WorkHeartbeatKind.BACKGROUND_TASK)
        assert ward.minute(11)["heartbeats"] == 1
        assert ward.all() == []

    def test_where_it_is_switched_off_nobody_looks(self, world: World) -> None:
        ward = Ward(world, {"healing_watchdog_mode": "disabled"})
        silent(ward)
        assert ward.minute(11)["faults"] == 0
        assert ward.all() == []


class TestSlots:
    def test_what_no_tick_hands_over_the_sweep_does(self, ward: Ward) -> None:
        job = ward.world.job("10m")
        ward.world.services.tick.run()
        ward.minute(12)
        assert ward.one("tick-late", "system").state is IncidentState.REMEDIATING
        assert "12:10:00" in ward.world.ledger(job)

        ward.world.services.tick.run()
        ward.minute()
        assert ward.one("tick-late", "system").state is IncidentState.RESOLVED

    def test_a_stage_that_never_ticked_is_a_new_one(self, ward: Ward) -> None:
        ward.minute(10)
        assert ward.all("system") == []

    def test_a_job_that_ticks_pass_by_is_told_and_handed_over(self, ward: Ward) -> None:
        job = ward.world.job("10m")
        ward.world.at(15)
        ward.world.services.tick.ticks.record(ward.world.clock.now(), {})
        ward.swept()
        incident = ward.one("slots-late")
        assert incident.subject == job.id
        assert ward.attempts(incident) == [("hand_over_slots", "succeeded")]
        assert "12:10:00" in ward.world.ledger(job)
        ward.world.services.tick.ticks.record(ward.world.clock.now(), {})
        ward.minute()
        assert state(ward, incident) == "resolved"

    def test_what_the_gate_keeps_is_not_late(self, ward: Ward) -> None:
        ward.world.job("10m")
        gates = ward.watch.gates
        gate = gates.read().closing("main", OPERATOR, NOON)
        HotRow.transact(gates.write(gate))
        ward.world.at(15)
        ward.world.services.tick.ticks.record(ward.world.clock.now(), {})
        ward.swept()
        assert ward.all() == []

    def test_a_sweep_that_comes_late_says_so_and_is_forgiven_after_a_while(
        self, ward: Ward
    ) -> None:
        ward.swept()
        ward.minute(10)
        assert ward.one("sweep-late", "system").state is IncidentState.OPEN
        for _ in range(16):
            ward.minute()
        assert ward.one("sweep-late", "system").state is IncidentState.RESOLVED


class TestJobs:
    def broken(self, world: World) -> str:
        job = world.job("10m")
        HotRow.change(world.ref(job).pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
        world.at(10)
        world.services.tick.run()
        return job.id

    def test_a_job_that_cannot_be_read_waits_for_an_operator(self, ward: Ward) -> None:
        job_id = self.broken(ward.world)
        ward.minute()
        incident = ward.one("job-unreadable")
        assert (incident.state, incident.subject) == ("open", job_id)
        assert ward.attempts(incident) == []

        job = ward.world.services.jobs
        schedule = ward.world.job("20m", name="other").schedule
        job.edit("main", OPERATOR, job_id, Change(schedule=schedule))
        job.resume("main", OPERATOR, job_id)
        ward.minute()
        assert state(ward, incident) == "resolved"

    def test_a_job_that_keeps_failing_is_resumed_in_auto_until_that_does_not_help(
        self, world: World
    ) -> None:
        ward = Ward(world, AUTO)
        job = world.job("10m")
        pk = world.ref(job).pk

        def fail() -> None:
            HotRow.change(
                pk,
                "hot",
                [HotRow.state.set("paused"), HotRow.hold.set("failures")],
                HotRow.pk.exists(),
            )
            now = world.clock.now()
            sighting = Sighting(
                owner="main",
                kind=kinds.JOB_FAILING,
                dedupe_key=f"job-failing:{job.id}",
                occurrence=str(now),
                summary="it keeps failing",
                subject=job.id,
            )
            ward.store.raise_(sighting, now)

        for _ in range(FLAPS + 1):
            fail()
            world.services.tick.ticks.record(world.clock.now(), {})
            for _ in range(3):
                ward.minute()
        incident = ward.one("job-failing")
        assert incident.is_escalated
        assert incident.severity is IncidentSeverity.CRITICAL
        assert ward.attempts(incident) == [("resume_job", "succeeded")] * FLAPS
        assert world.services.jobs.get("main", job.id).state is JobState.PAUSED


class TestClocks:
    @pytest.mark.parametrize("off", [-7 * SECOND, 7 * SECOND])
    def test_a_clock_that_is_off_is_told_until_it_is_not(
        self, ward: Ward, monkeypatch: pytest.MonkeyPatch, off: timedelta
    ) -> None:
        told = LaneQueue.date

        def date(_queue: LaneQueue) -> str:
            return f"{ward.world.clock.now() - off:%a, %d %b %Y %H:%M:%S} GMT"

        monkeypatch.setattr(LaneQueue, "date", date)
        ward.swept()
        incident = ward.one("clock-skew", "system")
        assert ("ahead" if off > timedelta() else "behind") in incident.summary
        monkeypatch.setattr(LaneQueue, "date", told)
        ward.minute()
        assert state(ward, incident) == "resolved"

    def test_what_a_second_can_explain_is_no_skew(self, ward: Ward) -> None:
        assert abs(ward.watch.skew.measure()) <= MOST_SKEW
        assert ward.swept()["faults"] == 0


class TestRemedies:
    def stale(self, ward: Ward) -> RuntimeIncidentRecord:
        silent(ward)
        ward.minute(11)
        return ward.one("stale-heartbeat")

    def test_one_that_fails_is_tried_three_times_and_then_left_to_an_operator(
        self, world: World
    ) -> None:
        ward = Ward(world, AUTO)

        def refuse(*_arguments: object) -> str:
            raise Conflict("not today")

        ward.healer.remedying.remedies = {"clear_heartbeat": refuse}
        incident = self.stale(ward)
        for _ in range(30):
            ward.minute()
        assert ward.attempts(incident) == [("clear_heartbeat", "failed")] * 3
        incident = ward.one("stale-heartbeat")
        assert incident.is_escalated
        assert incident.severity is IncidentSeverity.HIGH
        assert ward.changes(incident) == [
            "opened",
            *["remediating", "remediation_failed"] * 3,
            "escalated",
        ]

    def test_one_that_says_it_helped_and_did_not_resolves_nothing(self, world: World) -> None:
        ward = Ward(world, AUTO)
        ward.healer.remedying.remedies = {"clear_heartbeat": lambda *_: "done, they say"}
        incident = self.stale(ward)
        ward.minute()
        assert state(ward, incident) == "remediating"

    def test_one_whose_process_died_is_tried_again(self, world: World) -> None:
        ward = Ward(world, AUTO)

        class Died(BaseException):
            pass

        def die(*_arguments: object) -> str:
            raise Died

        cured = ward.healer.remedying.remedies
        ward.healer.remedying.remedies = {"clear_heartbeat": die}
        with pytest.raises(Died):
            self.stale(ward)
        ward.healer.remedying.remedies = cured
        ward.minute()
        ward.minute()
        incident = ward.one("stale-heartbeat")
        attempts = [("clear_heartbeat", "planned"), ("clear_heartbeat", "succeeded")]
        assert ward.attempts(incident) == attempts

    def test_two_healers_at_once_remedy_once(self, world: World) -> None:
        ward, other = Ward(world, AUTO), Ward(world, AUTO)
        silent(ward)
        world.clock.move(11 * MINUTE)
        ward.watch.run()
        (seen,) = ward.all()
        cured = ward.healer.remedying.remedies["clear_heartbeat"]

        def meanwhile(record: RuntimeIncidentRecord, by: str) -> str:
            other.healer._remedy(seen, kinds.STALE_HEARTBEAT, world.clock.now())
            return cured(record, by)

        ward.healer.remedying.remedies = {"clear_heartbeat": meanwhile}
        ward.healer._remedy(seen, kinds.STALE_HEARTBEAT, world.clock.now())
        assert ward.attempts(seen) == [("clear_heartbeat", "succeeded")]


def test_one_check_that_fails_keeps_no_other(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("broken")

    monkeypatch.setattr(ward.watch.ticks, "last", fail)
    silent(ward)
    assert ward.minute(11)["faults"] == 1


def test_one_incident_that_cannot_be_looked_at_keeps_no_other(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = an_errand(ward.world)
    abandoned(ward.world, dead.ref)
    silent(ward)
    ward.minute(11)
    silent(ward)

    def fail(*_arguments: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(WorkStore, "get", fail)
    done = ward.healer.run(ward.world.clock.now() + MINUTE)
    assert (done["incidents_broken"], done["incidents_resolve"]) == (1, 1)


def test_a_thousand_sightings_leave_one_row_and_few_entries(ward: Ward) -> None:
    sighting = Sighting(
        owner="main", kind=kinds.CHAIN_CUT, dedupe_key="k", occurrence="0", summary="cut"
    )
    for number in range(1_000):
        ward.store.raise_(replace(sighting, occurrence=str(number)), NOON + number * SECOND)
    (incident,) = ward.all()
    assert (incident.count, len(ward.changes(incident))) == (1_000, 1)


def test_a_healer_whose_time_is_up_stops(ward: Ward) -> None:
    silent(ward)
    ward.minute(11)
    silent(ward)
    ward.healer.run(ward.world.clock.now())
    assert ward.one("stale-heartbeat").state is IncidentState.OPEN
