"""No request during whose evaluation anything went wrong is allowed, whatever else permits it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.policy.cedar import parsed
from chalicelib.policy.engine import PolicyEngine
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Entity, Question
from tests.policy.golden import context

OPEN = '@id("open") permit (principal, action, resource);\n'
MOST = 9223372036854775807
failing = st.sampled_from(
    [
        f"{MOST} + 1 > 0",
        f"{MOST} * 2 > 0",
        f"-{MOST} - 2 < 0",
        "context.nope",
        "context.nope.deeper == 1",
        "resource.nope",
        "principal.owner == 1",
        'ip("nonsense").isIpv4()',
        'decimal("x").lessThan(decimal("1.0"))',
        "context.tools",
        "1",
    ]
)
effects = st.sampled_from(["permit", "forbid"])
policies = st.lists(st.tuples(effects, failing), min_size=1, max_size=4).map(
    lambda drawn: (
        OPEN
        + "".join(
            f'@id("p{n}") {effect} (principal, action, resource) when {{ {condition} }};\n'
            for n, (effect, condition) in enumerate(drawn)
        )
    )
)
values = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3))
)
contexts = st.dictionaries(
    st.sampled_from(sorted(context())) | st.text(max_size=4), values, max_size=3
)
entities = st.builds(
    Entity,
    st.sampled_from(["System", "Job", "Task", "Token", "Run", "Tool", "no type", ""]),
    st.sampled_from(["daemon", "J", "", '"', "x" * 300]),
    st.sampled_from([{}, {"owner": "main"}, {"owner": 1}, {"effect": "read"}, {"odd": None}]),
    st.sampled_from(["", "admin", "king"]),
)
quick = settings(max_examples=150, deadline=None, derandomize=True)


def has_failed(text: str, question: Question) -> bool:
    """Return whether the engine itself reports an error, or cannot answer at all."""
    request = {
        "principal": question.principal.uid,
        "action": {"type": "Action", "id": question.action},
        "resource": question.resource.uid,
        "context": dict(question.context),
    }
    try:
        answer = parsed(text).ask(
            request, [question.principal.document(), question.resource.document()]
        )
    except Exception:  # noqa: BLE001 - whatever it is, it is an error
        return True
    return answer.has_errors


@quick
@given(policies)
def test_a_policy_that_fails_lets_nothing_through(text: str) -> None:
    job = Entity("Job", "J", {"owner": "main"})
    question = Question(SYSTEM_DAEMON_PRINCIPAL, "dispatch", job, context())
    decision = PolicyEngine(text).decide(question)
    assert has_failed(text, question)
    assert (decision.allowed, decision.reason) == (False, Reason.ERROR)


@quick
@given(
    entities, st.sampled_from(["dispatch", "invoke", "list_jobs", "fly", ""]), entities, contexts
)
def test_no_request_with_an_error_is_allowed(
    principal: Entity, action: str, resource: Entity, facts: dict[str, Any]
) -> None:
    question = Question(principal, action, resource, context(**facts))
    decision = PolicyEngine(OPEN).authorize(*question)
    assert not (has_failed(OPEN, question) and decision.allowed)
    assert decision.allowed == (decision.reason is Reason.ALLOW)
