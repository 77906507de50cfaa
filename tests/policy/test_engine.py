import logging
from collections.abc import Mapping

import pytest

from chalicelib.policy.engine import PolicyEngine, defaults
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity
from tests.policy.golden import context

ALLOW_ALL = '@id("allow-all") permit (principal, action, resource);'
FORBID_ALL = '@id("forbid-all") forbid (principal, action, resource);'
BROKEN_FORBID = (
    '@id("broken") forbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };'
)
CONTEXT = context()


def dispatch(policies: str, context: Mapping[str, object] = CONTEXT) -> Decision:
    job = Entity("Job", "J", {"owner": "main"})
    return PolicyEngine(policies).authorize(SYSTEM_DAEMON_PRINCIPAL, "dispatch", job, context)


def test_what_a_policy_permits_is_allowed_and_named() -> None:
    decision = dispatch(ALLOW_ALL)
    assert (decision.allowed, decision.policies, decision.reason) == (
        True,
        ("allow-all",),
        Reason.ALLOW,
    )


def test_what_no_policy_permits_is_refused() -> None:
    decision = dispatch("")
    assert (decision.allowed, decision.policies, decision.reason) == (
        False,
        (),
        Reason.DEFAULT_DENY,
    )


def test_one_forbid_outweighs_every_permit() -> None:
    decision = dispatch(ALLOW_ALL + FORBID_ALL)
    assert (decision.allowed, decision.policies) == (False, ("forbid-all",))
    assert decision.reason is Reason.FORBIDDEN


def test_a_forbid_that_fails_to_evaluate_refuses() -> None:
    decision = dispatch(ALLOW_ALL + BROKEN_FORBID)
    assert (decision.allowed, decision.reason) == (False, Reason.ERROR)
    assert decision.policies == ("allow-all",), "Cedar itself skips the forbid and allows"


def test_all_deciding_policies_are_named_in_order() -> None:
    decision = dispatch(ALLOW_ALL.replace("allow-all", "b") + ALLOW_ALL.replace("allow-all", "a"))
    assert decision.policies == ("a", "b")


def test_a_policy_without_an_id_is_named_by_its_position() -> None:
    assert dispatch("permit (principal, action, resource);").policies == ("policy0",)


@pytest.mark.parametrize("gibberish", ["gibberish", ALLOW_ALL + "permit (", "\x00", "\ud800"])
def test_policies_that_cannot_be_parsed_refuse(gibberish: str) -> None:
    decision = dispatch(gibberish)
    assert (decision.allowed, decision.reason) == (False, Reason.ERROR)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"owner": "main"},
        CONTEXT | {"owner": 1},
        CONTEXT | {"tools": "look"},
        CONTEXT | {"effects": [1]},
        CONTEXT | {"surprise": True},
        CONTEXT | {"owner": None},
        CONTEXT | {"owner": "\ud800"},
        CONTEXT | {"owner": object()},
    ],
)
def test_a_context_that_does_not_fit_the_schema_refuses(context: Mapping[str, object]) -> None:
    assert dispatch(ALLOW_ALL).allowed
    assert not dispatch(ALLOW_ALL, context).allowed


@pytest.mark.parametrize(
    ("principal", "action", "resource"),
    [
        (Entity("Run", "R", {"owner": "main"}), "dispatch", Entity("Job", "J", {"owner": "main"})),
        (Entity("Token", "t", {"owner": "main"}, "king"), "list_jobs", Entity("Owner", "main")),
        (Entity("System", "stranger"), "dispatch", Entity("Job", "J", {"owner": "main"})),
        (Entity("User", "daemon"), "dispatch", Entity("Job", "J", {"owner": "main"})),
        (SYSTEM_DAEMON_PRINCIPAL, "delete", Entity("Job", "J", {"owner": "main"})),
        (SYSTEM_DAEMON_PRINCIPAL, "dispatch", Entity("Tool", "look", {"effect": "read"})),
        (SYSTEM_DAEMON_PRINCIPAL, "dispatch", Entity("Job", "J")),
        (SYSTEM_DAEMON_PRINCIPAL, "dispatch", Entity("Job", "J", {"owner": 1})),
        (SYSTEM_DAEMON_PRINCIPAL, "dispatch", Entity("not a type", "J", {"owner": "main"})),
    ],
)
def test_a_request_that_the_schema_does_not_know_refuses(
    principal: Entity, action: str, resource: Entity
) -> None:
    assert not PolicyEngine(ALLOW_ALL).authorize(principal, action, resource, CONTEXT).allowed


def test_a_decision_names_the_policies_that_were_asked() -> None:
    engine = PolicyEngine(ALLOW_ALL)
    assert dispatch(ALLOW_ALL).policy_set == engine.fingerprint
    assert len(engine.fingerprint) == 16


def test_the_fingerprint_changes_with_every_character() -> None:
    texts = [ALLOW_ALL, ALLOW_ALL + " ", ALLOW_ALL.replace("allow", "Allow"), ""]
    assert len({PolicyEngine(text).fingerprint for text in texts}) == len(texts)


@pytest.mark.parametrize("policies", ["", FORBID_ALL, ALLOW_ALL + BROKEN_FORBID, "gibberish"])
def test_a_refusal_contains_nothing_of_what_was_asked(
    policies: str, caplog: pytest.LogCaptureFixture
) -> None:
    private = CONTEXT | {"owner": "hunter2", "tools": ["hunter2"]}
    with caplog.at_level(logging.DEBUG):
        decision = dispatch(policies, private)
    assert "hunter2" not in f"{decision} {[vars(record) for record in caplog.records]}"


def test_a_context_that_is_too_large_refuses() -> None:
    many = CONTEXT | {"tools": [f"tool-{number}" * 8 for number in range(800)]}
    assert dispatch(ALLOW_ALL).allowed
    assert dispatch(ALLOW_ALL, many).reason is Reason.ERROR


def test_a_default_that_forbids_says_why_unless_an_operators_policy_forbids_more() -> None:
    named = '@id("a") @reason("policy.approval_required") forbid (principal, action, resource);'
    assert dispatch(named).reason is Reason.APPROVAL_REQUIRED
    assert dispatch(FORBID_ALL).reason is Reason.FORBIDDEN
    assert dispatch(named + FORBID_ALL).reason is Reason.APPROVAL_REQUIRED
    made_up = named.replace("policy.approval_required", "made.up")
    assert dispatch(made_up).reason is Reason.FORBIDDEN


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        ({"effects": ["write", "read"]}, ("permit:effects:write",)),
        ({"approval": "pending"}, ("approval",)),
        ({"approval": "pending", "effects": ["write"]}, ()),
        ({}, ()),
    ],
)
def test_a_refusal_says_which_single_grant_would_have_allowed_it(
    facts: Mapping[str, object], missing: tuple[str, ...]
) -> None:
    assert dispatch(defaults(), {**CONTEXT, **facts}).missing == missing


def test_an_operators_policies_stand_behind_the_defaults() -> None:
    engine = PolicyEngine.of_operator(FORBID_ALL, 7)
    job = Entity("Job", "J", {"owner": "main"})
    decision = engine.authorize(SYSTEM_DAEMON_PRINCIPAL, "dispatch", job, CONTEXT)
    assert (decision.policies, decision.version) == (("forbid-all",), 7)
    assert decision.policy_set != PolicyEngine().fingerprint


def test_the_facts_of_a_decision_are_what_the_journal_keeps() -> None:
    assert dispatch("").facts() == {
        "reason": "policy.default_deny",
        "policies": [],
        "policy_set": PolicyEngine("").fingerprint,
    }
    pending = dispatch(defaults(), CONTEXT | {"approval": "pending"})
    assert pending.facts()["missing"] == ["approval"]
