from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.scheduler.rows import HotRow
from tests.functions.http.api import Api
from tests.functions.http.heartbeats import beat
from tests.functions.http.tasks import claimed, made


def seen(api: Api, owner: str = "main") -> None:
    """Let an incident be opened."""
    sighting = Sighting(
        owner=owner,
        kind=kinds.DEAD_LETTER,
        dedupe_key="k",
        summary="something broke",
        occurrence="once",
    )
    wiring.incidents(container()).raise_(sighting, api.world.clock.now())


def test_all_is_well_after_a_tick(api: Api) -> None:
    api.world.services.tick.run()
    api.job()
    assert api.get("/v1/status").body == {
        "status": "ok",
        "reasons": [],
        "stage": "local",
        "version": "0.1.0",
        "time": "2026-11-22T12:00:00Z",
        "gate": {
            "paused": False,
            "since": None,
            "by": None,
            "reason": None,
            "owner": False,
            "everything": False,
        },
        "self_healing_active_incidents": 0,
        "self_healing_resolved_incidents": 0,
        "self_healing_heartbeat_count": 0,
        "last_sweep": None,
        "scheduler": {
            "last_tick": "2026-11-22T12:00:00Z",
            "last_counts": {
                "due": 0,
                "gated": 0,
                "handed": 0,
                "missed": 0,
                "reviews": 0,
                "failed": 0,
                "disabled": 0,
                "oldest_due_seconds": 0,
            },
            "oldest_due_slot": None,
            "next_slot": "2026-11-22T12:03:00Z",
        },
        "background": {
            "lanes": {
                "high": {"waiting": 0, "delayed": 0, "in_flight": 0},
                "normal": {"waiting": 0, "delayed": 2, "in_flight": 0},
                "low": {"waiting": 0, "delayed": 0, "in_flight": 0},
            },
            "active_runs": 0,
        },
    }


def test_what_is_not_well_is_said(api: Api) -> None:
    seen(api)
    status = api.get("/v1/status").body
    assert status["status"] == "degraded"
    assert status["reasons"] == ["no tick has run yet", "1 incident is active"]


def test_a_slot_that_nobody_hands_over_is_said(api: Api) -> None:
    api.job()
    api.world.at(3 + 4)
    status = api.get("/v1/status").body
    assert status["scheduler"]["oldest_due_slot"] == "2026-11-22T12:03:00Z"
    assert "a slot that was due at 2026-11-22T12:03:00Z was not handed over" in status["reasons"]


def test_jobs_that_the_last_tick_could_not_hand_over_are_said(api: Api) -> None:
    pk = f"main#{api.job()}"
    HotRow.change(pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    api.world.at(3)
    api.world.services.tick.run()
    status = api.get("/v1/status").body
    assert status["reasons"] == [
        "the last tick could not hand over 1 job",
        "1 incident is active",
    ]
    assert status["scheduler"]["last_counts"]["disabled"] == 1


def test_incidents_are_counted_active_and_resolved(api: Api) -> None:
    seen(api)
    incidents = wiring.incidents(container())
    incidents.resolve("main", (IncidentDomain.QUEUE, "k"), "mended", api.world.clock.now())
    status = api.get("/v1/status").body
    assert status["self_healing_active_incidents"] == 0
    assert status["self_healing_resolved_incidents"] == 1


def test_incidents_of_nobody_are_everybodys_and_those_of_others_are_not(api: Api) -> None:
    seen(api, "other")
    seen(api, "system")
    assert api.get("/v1/status").body["self_healing_active_incidents"] == 1


def test_signs_of_life_and_runs_under_way_are_counted(api: Api) -> None:
    task = made(api)
    claimed(api, task)
    beat(api, task)
    beat(api, "another's", owner="other")
    status = api.get("/v1/status").body
    assert status["self_healing_heartbeat_count"] == 1
    assert status["background"]["active_runs"] == 1
