"""The documents that stubs tell have the fields of what the real API shows."""

from typing import Any

from tests.cli import documents
from tests.functions.http.api import Api
from tests.functions.http.contract import DOCUMENT
from tests.functions.http.tasks import performed
from tests.support.world import MINUTE


def shape(document: Any) -> Any:
    """Return what is in a document, without what it says."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(document[0])] if document else []
    return None


def names(document: dict[str, Any]) -> set[str]:
    return set(document)


def test_a_job(api: Api) -> None:
    assert names(api.get(f"/v1/jobs/{api.job()}").body) == names(documents.a_job())


def test_how_a_job_is_doing(api: Api) -> None:
    assert names(api.get(f"/v1/jobs/{api.job()}/health").body) == names(documents.a_snapshot())


def test_firings(api: Api) -> None:
    job_id = api.job()
    api.run(job_id)

    fired, handed = documents.a_firing(), documents.a_handed_firing()
    shown = api.get(f"/v1/jobs/{job_id}/firings").body["items"]

    assert names(fired) in map(names, shown)
    assert all(names(each) in (names(fired), names(handed)) for each in shown)


def test_a_firing_that_was_asked_for(api: Api) -> None:
    reply = api.send("POST", f"/v1/jobs/{api.job()}/run")

    assert reply.status == 202
    assert names(reply.body) == names(
        documents.a_handed_firing(requested_by="token:laptop", origin="run_now")
    )


def test_runs(api: Api) -> None:
    run_id = api.run(api.job())

    (header,) = api.get("/v1/runs").body["items"]
    run = api.get(f"/v1/runs/{run_id}").body

    assert names(header) == names(documents.a_header())
    assert names(run) == names(documents.a_run())
    told = (documents.a_call(), documents.a_return(), documents.an_answer())
    assert list(map(names, run["steps"])) == list(map(names, told))


def test_an_entry_of_the_journal(api: Api) -> None:
    api.job()

    (entry,) = api.get("/v1/journal").body["items"]

    assert names(entry) == names(documents.an_entry())


def test_an_export_of_the_journal(api: Api) -> None:
    reply = api.send("POST", "/v1/journal/exports")

    assert (reply.status, names(reply.body)) == (202, names(documents.an_export()))


def test_a_verification_of_the_journal(api: Api) -> None:
    api.job()
    task_id = api.send("POST", "/v1/journal/verify").body["id"]
    performed(api, task_id)

    shown = api.get(f"/v1/journal/verify/{task_id}").body

    assert names(shown) == names(documents.a_verification())
    described = DOCUMENT["components"]["schemas"]["JournalTrouble"]
    assert set(described["properties"]) == names(documents.a_trouble())


def test_a_preview(api: Api) -> None:
    shown = api.get(f"/v1/jobs/{api.job()}/preview").body
    assert shape(shown) == shape(documents.a_preview(documents.a_coming()))


def test_slots_that_are_made_up_for(api: Api) -> None:
    job_id = api.job()
    api.world.at(60)
    api.world.services.tick.run()
    past = {"from": "2026-11-22T12:10:00Z", "to": "2026-11-22T12:10:00Z"}
    reply = api.post(f"/v1/jobs/{job_id}/backfill", past)

    stood_for = {"stands_for": None, "origin": None, "requested_by": None}
    made_up = documents.some_made_up(documents.a_handed_firing(**stood_for))
    assert shape(reply.body) == shape(made_up)
    (missed,) = [each for each in _firings(api, job_id) if each["outcome"] == "misfired"]
    counted = documents.a_handed_firing(last=None, reason=None, slots=1, slots_exact=True)
    assert names(missed) == names(counted)


def _firings(api: Api, job_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get(f"/v1/jobs/{job_id}/firings").body["items"]
    return items


def test_the_gate(api: Api) -> None:
    assert api.get("/v1/gate").body == documents.an_open_gate()
    closed = api.post("/v1/gate", {"paused": True}).body
    assert names(closed) == names(documents.a_closed_gate())


def test_the_status(api: Api) -> None:
    api.world.clock.move(MINUTE)
    api.world.services.tick.run()

    assert shape(api.get("/v1/status").body | {"reasons": []}) == shape(documents.a_status())


def test_settings(api: Api) -> None:
    items = api.get("/v1/settings").body["items"]

    assert {frozenset(each) for each in items} == {frozenset(documents.a_setting())}


def test_policies(api: Api) -> None:
    stop = '@id("stop") forbid (principal, action == Action::"dispatch", resource);'
    change = '@id("no") forbid (principal, action == Action::"delete_job", resource);'
    job = api.job()
    api.run(job)

    made = api.post("/v1/policies", {"text": stop}).body
    (listed,) = api.get("/v1/policies").body["items"]
    active = api.send("POST", "/v1/policies/1/activate").body
    tried = api.post("/v1/policies/dry-run", {"text": change}).body
    told = api.post("/v1/policies/explain", {"action": "dispatch", "job_id": job}).body

    assert names(listed) == names(documents.a_version())
    assert names(made) == names(documents.a_version(text=stop))
    assert names(active) == names(documents.an_active_version())
    assert set(shape(tried)["changed"][0]) == names(documents.a_dry_run()["changed"][0])
    assert set(shape(tried)["access"][0]) == names(documents.a_dry_run()["access"][0])
    assert names(tried) == names(documents.a_dry_run())
    assert names(told) == names(documents.an_explanation())


def test_an_examination_by_the_doctor(api: Api) -> None:
    task_id = api.post("/v1/doctor", {"only": ["gate"]}).body["id"]
    performed(api, task_id)

    shown = api.get(f"/v1/doctor/{task_id}").body

    assert names(shown) == names(documents.an_examination())
    assert names(shown["findings"][0]) == names(documents.a_finding())
    described = DOCUMENT["components"]["schemas"]["DoctorChange"]
    assert set(described["properties"]) == names(documents.a_change())
