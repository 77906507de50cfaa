"""The default policies: what they allow, and that no line of them can go unnoticed."""

import re
from importlib.resources import files

import pytest

from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity

TEXT = files("chalicelib.policy").joinpath("default.cedar").read_text()
DISPATCH, INVOKE = "default-dispatch-read-only", "default-invoke-granted-read-only"
DISPATCH_TASK = "default-dispatch-task-read-only"
DAEMON = SYSTEM_DAEMON_PRINCIPAL
STRANGER = Entity("System", "stranger")


def dispatch(
    *effects: str,
    owner: str = "main",
    principal: Entity = DAEMON,
    policies: str = TEXT,
    of: str = "Job",
) -> Decision:
    context = {"owner": owner, "trigger": "schedule", "tools": ["t"], "effects": list(effects)}
    asked = Entity(of, "J", {"owner": "main"})
    return PolicyEngine(policies).authorize(principal, "dispatch", asked, context)


def invoke(
    tool: str,
    *granted: str,
    effect: str = "read",
    principal: Entity = DAEMON,
    policies: str = TEXT,
) -> Decision:
    context = {"owner": "main", "job": "J", "granted": list(granted), "tool": tool}
    asked = Entity("Tool", tool, {"effect": effect})
    return PolicyEngine(policies).authorize(principal, "invoke", asked, context)


def dispatches(of: str, policies: str) -> list[Decision]:
    return [
        dispatch("read", policies=policies, of=of),
        dispatch(policies=policies, of=of),
        dispatch("write", policies=policies, of=of),
        dispatch("read", "write", policies=policies, of=of),
        dispatch("unknown", policies=policies, of=of),
        dispatch("read", owner="other", policies=policies, of=of),
        dispatch("read", principal=STRANGER, policies=policies, of=of),
    ]


def verdicts(policies: str = TEXT) -> list[tuple[str, ...] | None]:
    """Return who allowed each request of the golden table, or None where it was refused."""
    decisions = [
        *dispatches("Job", policies),
        *dispatches("Task", policies),
        invoke("look", "look", policies=policies),
        invoke("look", "watch", "look", policies=policies),
        invoke("look", policies=policies),
        invoke("look", "watch", policies=policies),
        invoke("look", "look", effect="write", policies=policies),
        invoke("look", "look", effect="unknown", policies=policies),
        invoke("look", "look", principal=STRANGER, policies=policies),
    ]
    return [decision.policies if decision.allowed else None for decision in decisions]


GOLDEN = [
    (DISPATCH,),
    (DISPATCH,),
    None,
    None,
    None,
    None,
    None,
    (DISPATCH_TASK,),
    (DISPATCH_TASK,),
    None,
    None,
    None,
    None,
    None,
    (INVOKE,),
    (INVOKE,),
    None,
    None,
    None,
    None,
    None,
]


def test_jobs_and_tasks_may_look_and_use_what_they_were_granted_and_nothing_else() -> None:
    assert verdicts() == GOLDEN


def test_every_default_policy_has_an_id() -> None:
    assert re.findall(r'@id\("([^"]+)"\)', TEXT) == [DISPATCH, DISPATCH_TASK, INVOKE]
    assert len(re.findall(r"^(?:permit|forbid) ", TEXT, re.MULTILINE)) == 3


def _without(name: str) -> str:
    return re.sub(rf'@id\("{name}"\).*?;\n', "", TEXT, flags=re.DOTALL)


def _flipped(name: str) -> str:
    return TEXT.replace(f'@id("{name}")\npermit', f'@id("{name}")\nforbid')


def _changed(name: str, before: str, after: str) -> str:
    """Change one policy, as the same words may stand in others."""
    (policy,) = re.findall(rf'@id\("{name}"\).*?;\n', TEXT, flags=re.DOTALL)
    assert before in policy
    return TEXT.replace(policy, policy.replace(before, after))


def _mutants(name: str) -> list[str]:
    mutants = [
        _without(name),
        _flipped(name),
        _changed(name, 'principal == System::"daemon"', "principal"),
        _changed(name, f'"{name}"', '"renamed"'),
    ]
    if name == INVOKE:
        return [
            *mutants,
            _changed(name, 'resource.effect == "read" && ', ""),
            _changed(name, " && context.granted.contains(context.tool)", ""),
        ]
    return [
        *mutants,
        _changed(name, "resource.owner == context.owner && ", ""),
        _changed(name, ' && ["read"].containsAll(context.effects)', ""),
        _changed(name, "containsAll", "containsAny"),
    ]


@pytest.mark.parametrize(
    "mutant", [each for name in (DISPATCH, DISPATCH_TASK, INVOKE) for each in _mutants(name)]
)
def test_no_change_of_a_default_policy_goes_unnoticed(mutant: str) -> None:
    assert mutant != TEXT
    assert verdicts(mutant) != GOLDEN


def test_the_packaged_policies_are_the_default() -> None:
    assert PolicyEngine().fingerprint == PolicyEngine(TEXT).fingerprint
