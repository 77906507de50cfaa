"""`/v1/policies`: versions, which of them decides, and what if."""

import pytest

from chalicelib.policy.request import Role
from tests.functions.http.api import Api, Reply, a_job, as_role, assert_problem

STOP = (
    '@id("stop") @hint("ask in #ops")\nforbid (principal, action == Action::"dispatch", resource);'
)
NO_DELETE = (
    '@id("no-delete") forbid (principal, action == Action::"delete_job", resource)'
    ' unless { principal in Role::"admin" };'
)


def kept(api: Api, text: str = STOP, **more: str) -> int:
    """Keep a version; return its number."""
    reply = api.post("/v1/policies", {"text": text, **more})
    assert reply.status == 201
    return int(reply.body["version"])


def activated(api: Api, text: str = STOP) -> Reply:
    reply = api.send("POST", f"/v1/policies/{kept(api, text)}/activate")
    assert reply.status == 200
    return reply


def test_a_version_is_kept_and_decides_nothing_yet(api: Api) -> None:
    reply = api.post("/v1/policies", {"text": STOP, "note": "an outage"})

    assert (reply.status, reply.headers["Location"]) == (201, "/v1/policies/1")
    shown = api.get("/v1/policies/1").body
    assert (shown["text"], shown["note"], shown["author"]) == (STOP, "an outage", "token:laptop")
    assert api.get("/v1/policies/active").body["version"] == 0
    assert [each["version"] for each in api.get("/v1/policies").body["items"]] == [1]


def test_versions_are_listed_newest_first_in_pages(api: Api) -> None:
    for _ in range(3):
        kept(api)
    pages = [[each["version"] for each in page] for page in api.pages("/v1/policies", 2)]
    assert pages == [[3, 2], [1]]


def test_a_repeated_request_keeps_one_version(api: Api) -> None:
    key = {"Idempotency-Key": "once"}
    first = api.post("/v1/policies", {"text": STOP}, headers=key)
    second = api.post("/v1/policies", {"text": STOP}, headers=key)
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body
    assert len(api.get("/v1/policies").body["items"]) == 1


def test_an_activated_version_decides_about_the_next_slot(api: Api) -> None:
    job = api.job()
    active = activated(api).body
    _fire(api, job)
    firing = api.get(f"/v1/jobs/{job}/firings").body["items"][-1]
    assert (firing["outcome"], firing["reason"]) == ("denied", "policy.forbidden")
    assert (active["version"], active["number"], active["previous"]) == (1, 1, 0)
    (event,) = api.get("/v1/journal?kind=slot.denied").body["items"]
    assert event["details"]["policies"] == ["stop"]
    assert event["details"]["policy_set"] == active["policy_set"]


def _fire(api: Api, job: str) -> None:
    """Let the first slot of a job that was made at noon be dispatched."""
    api.world.at(1)
    first = api.world.services.worker.work.newest(f"main#{job}", None, 10)[-1]
    api.world.services.handle(first.ref)


def test_version_0_lets_the_defaults_decide_again(api: Api) -> None:
    activated(api)
    after = api.send("POST", "/v1/policies/0/activate").body
    assert (after["version"], after["previous"], after["text"]) == (0, 1, "")


def test_a_rollback_goes_back_to_what_was_active_before(api: Api) -> None:
    first, second = activated(api), activated(api, NO_DELETE)
    assert (first.body["version"], second.body["version"]) == (1, 2)
    back = api.send("POST", "/v1/policies/rollback")
    assert (back.body["version"], back.body["previous"], back.body["number"]) == (1, 2, 3)


def test_nothing_can_be_rolled_back_before_the_first_activation(api: Api) -> None:
    assert_problem(api.send("POST", "/v1/policies/rollback"), 409)


@pytest.mark.parametrize("path", ["/v1/policies/1/activate", "/v1/policies/rollback"])
def test_an_activation_for_what_is_active_no_more_is_refused(api: Api, path: str) -> None:
    activated(api)
    seen = api.get("/v1/policies/active").headers["ETag"]
    activated(api, NO_DELETE)
    assert_problem(api.send("POST", path, headers={"If-Match": seen}), 412)
    assert api.get("/v1/policies/active").body["version"] == 2


def test_an_activation_for_what_is_active_is_made_and_journaled(api: Api) -> None:
    kept(api)
    seen = api.get("/v1/policies/active").headers["ETag"]
    reply = api.send("POST", "/v1/policies/1/activate", headers={"If-Match": seen})
    assert reply.status == 200
    (event,) = api.get("/v1/journal?kind=policies.activated").body["items"]
    assert (event["actor"], event["details"]["from"], event["details"]["to"]) == (
        "token:laptop",
        0,
        1,
    )


def test_activating_what_is_active_writes_nothing(api: Api) -> None:
    activated(api)
    again = api.send("POST", "/v1/policies/1/activate")
    assert again.body["number"] == 1
    assert len(api.get("/v1/journal?kind=policies.activated").body["items"]) == 1


@pytest.mark.parametrize("version", ["7", "01", "-1", "x", "9999999999", "1.0"])
@pytest.mark.parametrize("verb", ["", "/activate"])
def test_a_version_that_there_is_not_is_not_found(api: Api, version: str, verb: str) -> None:
    reply = api.send("POST" if verb else "GET", f"/v1/policies/{version}{verb}")
    assert_problem(reply, 404)


MALFORMED = {
    "permit (": ("line 1, column 9: the policy is not finished", "end it with ;"),
    '@id("a")\npermit (principal, action == Action::"dispach", resource);': (
        'line 2, column 38: unrecognized action `Action::"dispach"`',
        "perhaps 'dispatch' is meant",
    ),
    "permit (principal, action, resource);": (
        "line 1, column 1: the policy has no id",
        'write @id("what-it-does") before it',
    ),
    '@id("default-view") permit (principal, action, resource);': (
        "line 1, column 1: the id 'default-view' is one of the defaults'",
        "use an id that does not begin with default-",
    ),
    "permit (principal, action, resource) when {" + "(" * 5000: (
        "line 1, column 75: it is nested too deep",
        "nest brackets at most 32 deep, or use several policies",
    ),
}


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("path", ["/v1/policies", "/v1/policies/validate", "/v1/policies/dry-run"])
def test_a_malformed_policy_is_refused_with_its_line_and_a_fix(
    api: Api, path: str, text: str
) -> None:
    problem = assert_problem(api.post(path, {"text": text}), 422, "text")
    (fault,) = problem["errors"]
    assert (fault["detail"], fault["fix"]) == MALFORMED[text]
    assert api.get("/v1/policies").body["items"] == []


def test_a_policy_that_holds_a_secret_is_refused(api: Api) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLE"
    text = f'@id("a") forbid (principal, action, resource) when {{ context.owner == "{secret}" }};'
    problem = assert_problem(api.post("/v1/policies", {"text": text}), 422, "text")
    assert secret not in str(problem)


def test_a_valid_draft_is_told_policy_by_policy(api: Api) -> None:
    reply = api.post("/v1/policies/validate", {"text": STOP + "\n" + NO_DELETE})
    assert reply.body["policies"] == [
        {"id": "stop", "effect": "forbid", "line": 1, "hint": "ask in #ops"},
        {"id": "no-delete", "effect": "forbid", "line": 3, "hint": None},
    ]


def test_a_dry_run_tells_which_decisions_would_change_and_changes_none(api: Api) -> None:
    job = api.job()
    run = api.run(job)
    reply = api.post("/v1/policies/dry-run", {"text": STOP + NO_DELETE})

    assert (reply.body["looked_at"], reply.body["differing"]) == (2, 1)
    (change,) = reply.body["changed"]
    assert (change["action"], change["task_id"]) == ("dispatch", run)
    assert change["before"]["reason"] == "policy.allow"
    assert (change["after"]["reason"], change["after"]["policies"]) == (
        "policy.forbidden",
        ["stop"],
    )
    assert [(each["role"], each["action"]) for each in reply.body["access"]] == [
        ("viewer", "delete_job"),
        ("operator", "delete_job"),
    ]
    assert api.get("/v1/policies").body["items"] == []


def test_a_dry_run_asks_what_was_denied_again(api: Api) -> None:
    job = api.job()
    activated(api)
    _fire(api, job)
    (change,) = api.post("/v1/policies/dry-run", {"version": 0}).body["changed"]
    assert change["action"] == "dispatch"
    assert (change["before"]["reason"], change["after"]["reason"]) == (
        "policy.forbidden",
        "policy.allow",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": STOP, "version": 0}, "text"),
        ({"version": 0, "limit": 1001}, "limit"),
    ],
)
def test_a_dry_run_of_nothing_or_too_much_is_refused(
    api: Api, body: dict[str, object], field: str
) -> None:
    assert_problem(api.post("/v1/policies/dry-run", body), 422, field)


def test_an_explanation_names_the_policies_and_their_hints(api: Api) -> None:
    job = api.job()
    activated(api)
    told = api.post("/v1/policies/explain", {"action": "dispatch", "job_id": job}).body
    assert (told["allowed"], told["reason"], told["version"]) == (False, "policy.forbidden", 1)
    assert {"id": "stop", "effect": "forbid", "hint": "ask in #ops"} in told["policies"]


def test_an_explanation_names_the_grant_that_is_missing(api: Api) -> None:
    job = api.job(tools=[])
    body = {"action": "invoke", "job_id": job, "tool": "system.health"}
    told = api.post("/v1/policies/explain", body).body
    assert (told["reason"], told["missing"]) == ("tool.not_granted", ["tool:system.health"])

    told = api.post("/v1/policies/explain", {"action": "delete_job", "role": "viewer"}).body
    assert told["missing"] == ["role:operator", "role:admin"]


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"action": "fly"}, 422, ("action",)),
        ({"action": "dispatch"}, 422, ("job_id",)),
        ({"action": "dispatch", "job_id": "NOPE"}, 404, ()),
        ({"action": "get_status", "version": 7}, 404, ()),
        ({"action": "get_status", "role": "king"}, 422, ("role",)),
    ],
)
def test_what_cannot_be_explained_is_refused(
    api: Api, body: dict[str, object], status: int, fields: tuple[str, ...]
) -> None:
    assert_problem(api.post("/v1/policies/explain", body), status, *fields)


def test_a_viewer_looks_and_does_nothing(api: Api) -> None:
    assert as_role(api, Role.VIEWER, "GET", "/v1/jobs").status == 200
    problem = assert_problem(as_role(api, Role.VIEWER, "POST", "/v1/jobs", a_job()), 403)
    assert problem["detail"] == "policy.default_deny: no policy permits it"
    assert problem["fix"] == "ask for role:operator or role:admin"


def test_an_operator_does_not_say_who_may_do_what(api: Api) -> None:
    assert as_role(api, Role.OPERATOR, "POST", "/v1/jobs", a_job()).status == 201
    problem = assert_problem(
        as_role(api, Role.OPERATOR, "POST", "/v1/policies", {"text": STOP}), 403
    )
    assert problem["detail"].startswith("role.required")


def test_an_operators_policy_holds_for_requests_of_the_api(api: Api) -> None:
    job = api.job()
    activated(api, NO_DELETE)
    assert_problem(as_role(api, Role.OPERATOR, "DELETE", f"/v1/jobs/{job}"), 403)
    assert api.send("DELETE", f"/v1/jobs/{job}").status == 200


def test_policies_that_forbid_everything_can_be_rolled_back(api: Api) -> None:
    activated(api, '@id("lock") forbid (principal, action, resource);')
    assert_problem(api.get("/v1/jobs"), 403)
    assert api.send("POST", "/v1/policies/rollback").status == 200
    assert api.get("/v1/jobs").status == 200


def test_policies_that_permit_everything_do_not_let_operators_change_them(api: Api) -> None:
    activated(api, '@id("open") permit (principal, action, resource);')
    assert_problem(as_role(api, Role.OPERATOR, "POST", "/v1/policies/0/activate"), 403)
    assert as_role(api, Role.VIEWER, "POST", "/v1/jobs", a_job()).status == 201


def test_another_owners_policies_decide_nothing_here(api: Api) -> None:
    activated(api, '@id("lock") forbid (principal, action, resource);')
    assert api.get("/v1/jobs", owner="stranger").status == 200
    assert api.get("/v1/policies", owner="stranger").body["items"] == []
