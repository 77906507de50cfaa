from dataclasses import replace
from typing import Any

import pytest

from chalicelib.background.heartbeats.record import WorkHeartbeatKind
from chalicelib.functions.wiring import api as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.incidents import kinds
from chalicelib.incidents.incident import RuntimeIncidentRecord, Sighting
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role, assert_problem
from tests.functions.http.heartbeats import beat
from tests.support.world import MINUTE

PATH = "/v1/incidents"
NOBODY = f"{PATH}/incident_0123456789abcdef"
SILENT = Sighting(
    owner="main",
    kind=kinds.STALE_HEARTBEAT,
    dedupe_key="stale-heartbeat:channel_worker:W",
    occurrence="once",
    summary="a channel worker is silent",
    evidence={"heard": "long ago"},
    related=("W",),
    subject="channel_worker:W",
)


def raised(api: Api, sighting: Sighting = SILENT, **fields: Any) -> RuntimeIncidentRecord:
    seen = replace(sighting, **fields)
    return wiring.incidents(container()).raise_(seen, api.world.clock.now())


def silent(api: Api) -> RuntimeIncidentRecord:
    """Let a channel worker be silent for long enough."""
    beat(api, "W", WorkHeartbeatKind.CHANNEL_WORKER)
    api.world.clock.move(11 * MINUTE)
    return raised(api)


def ids(api: Api, query: str = "", owner: str = "main") -> list[str]:
    return [each["id"] for each in api.get(f"{PATH}{query}", owner=owner).body["items"]]


class TestList:
    def test_an_owner_sees_its_own_and_the_stages_the_latest_first(self, api: Api) -> None:
        mine = raised(api)
        api.world.clock.move(MINUTE)
        ours = raised(api, owner="system", kind=kinds.TICK_LATE, dedupe_key="tick")
        api.world.clock.move(MINUTE)
        theirs = raised(api, owner="other")
        assert ids(api) == [ours.id, mine.id]
        assert ids(api, owner="other") == [theirs.id, ours.id]

    @pytest.mark.parametrize("query", ["", "?state=active"])
    @pytest.mark.parametrize("limit", [1, 2, 7])
    def test_pages_follow_each_other_without_gap_or_repeat(
        self, api: Api, query: str, limit: int
    ) -> None:
        made = []
        for number in range(9):
            owner = "system" if number % 3 else "main"
            made.append(raised(api, dedupe_key=f"k{number}", owner=owner).id)
            api.world.clock.move(MINUTE)
        seen, cursor = [], ""
        while True:
            mark = "&" if query else "?"
            page = api.get(f"{PATH}{query}{mark}limit={limit}{cursor}").body
            assert len(page["items"]) <= limit
            seen += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert seen == made[::-1]

    def test_a_list_is_narrowed(self, api: Api) -> None:
        stale, tick = raised(api), raised(api, kind=kinds.TICK_LATE, dedupe_key="tick")
        api.send("POST", f"{PATH}/{tick.id}/resolve")
        assert ids(api, "?state=resolved") == [tick.id]
        assert ids(api, "?state=active") == ids(api, "?state=open") == [stale.id]
        assert ids(api, "?domain=scheduler") == [tick.id]
        assert ids(api, "?severity=medium") == ids(api, "?kind=stale-heartbeat") == [stale.id]

    @pytest.mark.parametrize("name", ["state", "domain", "severity", "kind"])
    def test_what_there_is_not_is_refused_by_name(self, api: Api, name: str) -> None:
        assert_problem(api.get(f"{PATH}?{name}=nonsense"), 422, name)


class TestShow:
    def test_an_incident_says_what_it_means_and_what_became_of_it(self, api: Api) -> None:
        reply = api.get(f"{PATH}/{raised(api).id}")
        body = reply.body
        assert reply.headers["ETag"].startswith('"1.')
        assert (body["kind"], body["state"], body["count"]) == ("stale-heartbeat", "open", 1)
        assert body["meaning"] == kinds.STALE_HEARTBEAT.meaning
        assert body["remediation"]["id"] == "clear_heartbeat"
        assert [each["change"] for each in body["history"]] == ["opened"]
        assert body["attempts"] == []

    def test_that_of_another_owner_is_none(self, api: Api) -> None:
        found = raised(api, owner="other")
        assert_problem(api.get(f"{PATH}/{found.id}"), 404)

    @pytest.mark.parametrize("name", ["nonsense", "incident_x", "incident_" + "0" * 99])
    def test_what_is_no_id_names_nothing(self, api: Api, name: str) -> None:
        assert api.get(f"{PATH}/{name}").status == 404


class TestAcknowledge:
    def test_it_is_known_to_whoever_said_so_first(self, api: Api) -> None:
        found = raised(api)
        reply = api.send("POST", f"{PATH}/{found.id}/acknowledge")
        assert reply.body["acknowledged_by"] == "token:laptop"
        assert reply.headers["ETag"].startswith('"2.')
        again = api.send("POST", f"{PATH}/{found.id}/acknowledge")
        assert again.body["version"] == 2
        (event,) = api.world.events("incident.acknowledged")
        assert found.id in str(event.attribute_values)

    def test_one_that_is_over_is_a_conflict(self, api: Api) -> None:
        found = raised(api)
        api.send("POST", f"{PATH}/{found.id}/resolve")
        assert_problem(api.send("POST", f"{PATH}/{found.id}/acknowledge"), 409)

    def test_another_version_is_refused(self, api: Api) -> None:
        found = raised(api)
        tag = {"If-Match": '"7"'}
        path = f"{PATH}/{found.id}"
        assert_problem(api.send("POST", f"{path}/acknowledge", headers=tag), 412)
        assert_problem(api.send("POST", f"{path}/resolve", headers=tag), 412)


class TestResolve:
    def test_it_is_over_with_its_reason_and_its_event(self, api: Api) -> None:
        found = raised(api)
        reply = api.post(f"{PATH}/{found.id}/resolve", {"reason": "it was mended"})
        assert reply.body["state"] == "resolved"
        entry = api.get(f"{PATH}/{found.id}").body["history"][0]
        assert (entry["change"], entry["reason"], entry["by"]) == (
            "resolved",
            "it was mended",
            "token:laptop",
        )
        assert len(api.world.events("incident.resolved")) == 1
        assert api.world.personal("incident.resolved") == [{"reason": "it was mended"}]

    def test_resolving_twice_writes_once(self, api: Api) -> None:
        found = raised(api)
        for _ in range(2):
            assert api.send("POST", f"{PATH}/{found.id}/resolve").body["state"] == "resolved"
        assert len(api.world.events("incident.resolved")) == 1

    def test_a_reason_with_a_secret_is_refused(self, api: Api) -> None:
        found = raised(api)
        body = {"reason": "use AKIAIOSFODNN7EXAMPLE"}
        assert_problem(api.post(f"{PATH}/{found.id}/resolve", body), 422, "reason")

    def test_what_is_the_stages_is_its_admins_to_change(self, api: Api) -> None:
        found = raised(api, owner="system", kind=kinds.TICK_LATE)
        path = f"{PATH}/{found.id}/resolve"
        assert_problem(as_role(api, Role.OPERATOR, "POST", path), 403)
        assert_problem(api.send("POST", path, owner="other"), 403)
        assert api.send("POST", path).status == 200


class TestRemediate:
    def test_the_plan_is_shown_first_and_then_done(self, api: Api) -> None:
        path = f"{PATH}/{silent(api).id}"
        plan = api.get(f"{path}/remediation")
        assert (plan.body["cause"], plan.body["mode"]) == ("present", "observe_only")
        assert plan.body["refusal"] is None
        told = api.send("POST", f"{path}/remediate", headers={"If-Match": plan.headers["ETag"]})
        assert told.body["attempt"]["status"] == "succeeded"
        assert told.body["attempt"]["by"] == "token:laptop"
        assert told.body["incident"]["state"] == "remediating"
        assert api.get(f"{path}/remediation").body["cause"] == "gone"
        assert [each["change"] for each in api.get(path).body["history"]] == [
            "remediating",
            "opened",
        ]
        assert len(api.world.events("incident.remediated")) == 1

    def test_without_a_plan_nothing_is_done(self, api: Api) -> None:
        path = f"{PATH}/{silent(api).id}"
        assert_problem(api.send("POST", f"{path}/remediate"), 422, "If-Match")
        assert api.get(path).body["attempts"] == []

    def test_a_plan_of_another_version_is_refused(self, api: Api) -> None:
        path = f"{PATH}/{silent(api).id}"
        tag = {"If-Match": api.get(f"{path}/remediation").headers["ETag"]}
        raised(api, occurrence="again")
        assert_problem(api.send("POST", f"{path}/remediate", headers=tag), 412)

    def test_one_that_fails_says_why_and_leaves_the_incident_open(self, api: Api) -> None:
        path = f"{PATH}/{silent(api).id}"
        beat(api, "W", WorkHeartbeatKind.CHANNEL_WORKER)
        told = api.send("POST", f"{path}/remediate", headers={"If-Match": "*"})
        assert told.body["attempt"]["status"] == "failed"
        assert "beats again" in told.body["attempt"]["detail"]
        assert told.body["incident"]["state"] == "open"

    def test_what_is_put_right_by_hand_is_not_run(self, api: Api) -> None:
        found = raised(api, kind=kinds.JOURNAL_BROKEN, dedupe_key="broken:x")
        path = f"{PATH}/{found.id}"
        assert "by hand" in api.get(f"{path}/remediation").body["refusal"]
        assert_problem(api.send("POST", f"{path}/remediate", headers={"If-Match": "*"}), 409)

    def test_an_operator_may_not(self, api: Api) -> None:
        path = f"{PATH}/{silent(api).id}/remediate"
        assert_problem(as_role(api, Role.OPERATOR, "POST", path), 403)


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_what_there_is_not_cannot_be_changed(api: Api, verb: str) -> None:
    assert_problem(api.send("POST", f"{NOBODY}/{verb}"), 404)
    assert_problem(api.get(NOBODY), 404)
