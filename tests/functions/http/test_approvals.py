"""`/v1/approvals`: what somebody is asked, and the one decision."""

from datetime import timedelta

import pytest

from chalicelib.incidents.kinds import APPROVAL_WAITS
from chalicelib.incidents.store import IncidentStore
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, Reply, as_role, assert_problem
from tests.functions.invoke import message, sweep, worker_normal
from tests.permissions.approvals import a_caller, asked
from tests.permissions.tasks import a_prompt
from tests.support.world import MINUTE, World

APPROVE, DENY = {"decision": "approve"}, {"decision": "deny"}
HOUR = timedelta(hours=1)


@pytest.fixture
def caller(container: World) -> Api:
    return a_caller(container)


def decided(caller: Api, approval: str, said: object) -> Reply:
    return caller.post(f"/v1/approvals/{approval}/decision", said)


def raised() -> list[str]:
    """Return the faults of approvals that are open."""
    found = IncidentStore().active("main", None, 50).items
    return [each.dedupe_key for each in found if each.domain is APPROVAL_WAITS.domain]


def test_a_pending_approval_says_what_would_be_done(caller: Api) -> None:
    approval, ref = asked(caller.world, caller)

    shown = caller.get(f"/v1/approvals/{approval}").body

    assert (shown["kind"], shown["state"], shown["risk"]) == ("tool_call", "pending", "low")
    assert (shown["action"], shown["subject"]) == ("system.health", ref.id)
    assert (shown["policies"], shown["scopes"]) == (["ask"], ["once", "run"])
    assert shown["asked_by"] == ["token:test"]
    assert shown["expires_at"] == "2026-11-22T13:00:00Z"
    assert shown["links"]["run"] == f"/v1/runs/{ref.run_id}"


def test_an_approved_call_is_made(caller: Api) -> None:
    approval, ref = asked(caller.world, caller)

    reply = decided(caller, approval, APPROVE | {"reason": "it only looks"})

    assert (reply.status, reply.body["state"]) == (200, "approved")
    assert reply.body["decided_by"] == "token:laptop"
    assert reply.body["code"] == "approval.approved"
    worker_normal(message(ref))
    assert caller.get(f"/v1/tasks/{ref.id}").body["state"] == "succeeded"


def test_a_denied_call_ends_its_task_with_a_code(caller: Api) -> None:
    approval, ref = asked(caller.world, caller)

    assert decided(caller, approval, DENY).body["state"] == "denied"

    worker_normal(message(ref))
    task = caller.get(f"/v1/tasks/{ref.id}").body
    assert (task["state"], task["reason"]) == ("failed", f"approval.denied: {approval}")


def test_the_same_decision_is_answered_as_the_first(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    first = decided(caller, approval, APPROVE)
    caller.world.clock.move(MINUTE)

    assert decided(caller, approval, APPROVE).body == first.body


def test_another_decision_is_a_conflict_that_says_who_decided(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    decided(caller, approval, APPROVE)

    problem = assert_problem(decided(caller, approval, DENY), 409)

    assert problem["detail"] == "it was approved by token:laptop at 2026-11-22T12:00:00Z"


def test_an_expired_approval_is_shown_as_such_and_cannot_be_decided(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    caller.world.clock.move(HOUR)

    assert caller.get(f"/v1/approvals/{approval}").body["state"] == "expired"
    assert_problem(decided(caller, approval, APPROVE), 409)
    assert sweep()["approvals"] == 1
    assert caller.get(f"/v1/approvals/{approval}").body["code"] == "approval.expired"


def test_what_waits_for_nothing_cannot_be_decided(caller: Api) -> None:
    approval, ref = asked(caller.world, caller)
    caller.post(f"/v1/tasks/{ref.id}/cancel", {})

    assert_problem(decided(caller, approval, APPROVE), 409)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"decision": "perhaps"}, "decision"),
        ({}, "decision"),
        (APPROVE | {"scope": "for ever"}, "scope"),
        (APPROVE | {"scope": "routine"}, "scope"),
        (DENY | {"scope": "run"}, "scope"),
        (APPROVE | {"reason": ""}, "reason"),
        (APPROVE | {"because": "x"}, "because"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_by_its_field(
    caller: Api, said: dict[str, str], field: str
) -> None:
    approval, _ = asked(caller.world, caller)

    assert_problem(decided(caller, approval, said), 422, field)

    assert caller.get(f"/v1/approvals/{approval}").body["state"] == "pending"


def test_pending_ones_come_first_and_the_latest_first(caller: Api) -> None:
    ids = []
    for number in range(4):
        approval, _ = asked(caller.world, caller)
        ids.append(approval)
        decided(caller, approval, DENY if number % 2 else APPROVE)
        caller.world.clock.move(MINUTE)
    last, _ = asked(caller.world, caller)

    pages = [[each["id"] for each in page] for page in caller.pages("/v1/approvals", 2)]

    assert sum(pages, []) == [last, *reversed(ids)]  # noqa: RUF017 - few


def test_a_list_can_be_narrowed_to_a_state(caller: Api) -> None:
    denied, _ = asked(caller.world, caller)
    decided(caller, denied, DENY)
    expired, _ = asked(caller.world, caller)
    caller.world.clock.move(HOUR)
    pending, _ = asked(caller.world, caller)

    found = {
        state: [each["id"] for each in caller.get(f"/v1/approvals?state={state}").body["items"]]
        for state in ("pending", "approved", "denied", "expired")
    }

    assert found == {
        "pending": [pending],
        "approved": [],
        "denied": [denied],
        "expired": [expired],
    }


def test_an_unknown_state_is_refused(caller: Api) -> None:
    assert_problem(caller.get("/v1/approvals?state=open"), 422, "state")


@pytest.mark.parametrize("approval", ["NOSUCH", "no such"])
def test_an_unknown_approval_is_not_found(caller: Api, approval: str) -> None:
    path = f"/v1/approvals/{approval.replace(' ', '%20')}"
    assert_problem(caller.get(path), 404)
    assert_problem(caller.post(f"{path}/decision", APPROVE), 404)


def test_another_owner_sees_and_decides_nothing(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)

    assert caller.get("/v1/approvals", owner="other").body["items"] == []
    assert_problem(caller.get(f"/v1/approvals/{approval}", owner="other"), 404)
    path = f"/v1/approvals/{approval}/decision"
    assert_problem(caller.post(path, APPROVE, owner="other"), 404)


def test_a_viewer_may_look_and_not_decide(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    path = f"/v1/approvals/{approval}"

    assert as_role(caller, Role.VIEWER, "GET", path).status == 200
    assert as_role(caller, Role.VIEWER, "GET", "/v1/approvals").status == 200
    refused = as_role(caller, Role.VIEWER, "POST", f"{path}/decision", APPROVE)
    assert_problem(refused, 403)
    assert as_role(caller, Role.OPERATOR, "POST", f"{path}/decision", APPROVE).status == 200


def test_why_it_was_decided_is_sealed_in_the_journal(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    decided(caller, approval, DENY | {"reason": "Ada does not want it"})

    (row,) = caller.world.events("approval.denied")
    assert "Ada" not in row.content
    assert caller.world.personal("approval.denied") == [{"reason": "Ada does not want it"}]


def test_what_is_undecided_for_ten_minutes_is_an_incident_until_it_is_decided(caller: Api) -> None:
    approval, _ = asked(caller.world, caller)
    for _ in range(3):
        caller.world.clock.move(5 * MINUTE)
        sweep()

    assert raised() == [f"approval:{approval}"]
    decided(caller, approval, APPROVE)
    assert raised() == []


def test_explaining_names_an_approval_where_one_would_do(caller: Api) -> None:
    job = caller.job()
    said = {"action": "invoke", "job_id": job, "tool": "system.health"}

    assert caller.post("/v1/policies/explain", said).body["missing"] == ["approval"]


def test_what_is_asked_twice_at_once_is_one_approval(caller: Api) -> None:
    ref = a_prompt(caller.world).ref
    worker_normal(message(ref))
    worker_normal(message(ref))

    assert len(caller.get("/v1/approvals").body["items"]) == 1
