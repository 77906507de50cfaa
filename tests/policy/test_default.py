"""The default policies: what they allow, and that no line of them can go unnoticed."""

import re
from importlib.resources import files

import pytest

from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Decision, Entity

TEXT = files("chalicelib.policy").joinpath("default.cedar").read_text()
DISPATCH, INVOKE = "default-dispatch-read-only", "default-invoke-granted-read-only"
DAEMON = SYSTEM_DAEMON_PRINCIPAL
STRANGER = Entity("System", "stranger")


def dispatch(
    *effects: str, owner: str = "main", principal: Entity = DAEMON, policies: str = TEXT
) -> Decision:
    context = {"owner": owner, "trigger": "schedule", "tools": ["t"], "effects": list(effects)}
    job = Entity("Job", "J", {"owner": "main"})
    return PolicyEngine(policies).authorize(principal, "dispatch", job, context)


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


def verdicts(policies: str = TEXT) -> list[tuple[str, ...] | None]:
    """Return who allowed each request of the golden table, or None where it was refused."""
    decisions = [
        dispatch("read", policies=policies),
        dispatch(policies=policies),
        dispatch("write", policies=policies),
        dispatch("read", "write", policies=policies),
        dispatch("unknown", policies=policies),
        dispatch("read", owner="other", policies=policies),
        dispatch("read", principal=STRANGER, policies=policies),
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
    (INVOKE,),
    (INVOKE,),
    None,
    None,
    None,
    None,
    None,
]


def test_jobs_may_look_and_use_what_they_were_granted_and_nothing_else() -> None:
    assert verdicts() == GOLDEN


def test_every_default_policy_has_an_id() -> None:
    assert re.findall(r'@id\("([^"]+)"\)', TEXT) == [DISPATCH, INVOKE]
    assert len(re.findall(r"^(?:permit|forbid) ", TEXT, re.MULTILINE)) == 2


def _without(name: str) -> str:
    return re.sub(rf'@id\("{name}"\).*?;\n', "", TEXT, flags=re.DOTALL)


def _flipped(name: str) -> str:
    return TEXT.replace(f'@id("{name}")\npermit', f'@id("{name}")\nforbid')


def _for_anybody(action: str) -> str:
    rest = f',\n  action == Action::"{action}"'
    return TEXT.replace(f'principal == System::"daemon"{rest}', f"principal{rest}")


@pytest.mark.parametrize(
    "mutant",
    [
        _without(DISPATCH),
        _without(INVOKE),
        _flipped(DISPATCH),
        _flipped(INVOKE),
        TEXT.replace("resource.owner == context.owner && ", ""),
        TEXT.replace(' && ["read"].containsAll(context.effects)', ""),
        TEXT.replace("containsAll", "containsAny"),
        TEXT.replace('resource.effect == "read" && ', ""),
        TEXT.replace(" && context.granted.contains(context.tool)", ""),
        _for_anybody("dispatch"),
        _for_anybody("invoke"),
        TEXT.replace(DISPATCH, "renamed"),
    ],
)
def test_no_change_of_a_default_policy_goes_unnoticed(mutant: str) -> None:
    assert mutant != TEXT
    assert verdicts(mutant) != GOLDEN


def test_the_packaged_policies_are_the_default() -> None:
    assert PolicyEngine().fingerprint == PolicyEngine(TEXT).fingerprint
