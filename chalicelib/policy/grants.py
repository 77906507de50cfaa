"""What a refused request may have lacked: the same question, asked with one thing more.

A hint is never guessed: a grant is named only where the policies allow the request with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.policy.request import APPROVAL, Approval, Question, Role

_LOOKS = "read"


def variations(question: Question) -> Iterator[tuple[str, Question]]:
    """Yield what could be granted, as `role:operator`, and the question asked with it."""
    if question.principal.role:
        yield from _roles(question)
    yield from _approval(question)
    yield from _tool(question)
    yield from _effects(question)


def _roles(question: Question) -> Iterator[tuple[str, Question]]:
    for role in Role:
        if role != question.principal.role:
            principal = replace(question.principal, role=role)
            yield f"role:{role}", question._replace(principal=principal)


def _approval(question: Question) -> Iterator[tuple[str, Question]]:
    if question.context.get("approval") not in {None, Approval.APPROVED}:
        yield APPROVAL, _given(question, {"approval": str(Approval.APPROVED)})


def _tool(question: Question) -> Iterator[tuple[str, Question]]:
    tool, granted = question.context.get("tool"), question.context.get("tools", [])
    if tool is not None and tool not in granted:
        yield f"tool:{tool}", _given(question, {"tools": [*granted, tool]})


def _effects(question: Question) -> Iterator[tuple[str, Question]]:
    """Ask as if tools only looked: what they do beyond that takes a policy that permits it."""
    beyond = sorted(set(question.context.get("effects", [])) - {_LOOKS})
    if beyond and "tool" not in question.context:
        named = ",".join(beyond)
        yield f"permit:effects:{named}", _given(question, {"effects": [_LOOKS]})
    effect = question.resource.attributes.get("effect", _LOOKS)
    if effect != _LOOKS:
        resource = replace(
            question.resource, attributes={**question.resource.attributes, "effect": _LOOKS}
        )
        yield f"permit:effect:{effect}", question._replace(resource=resource)


def _given(question: Question, facts: Mapping[str, Any]) -> Question:
    return question._replace(context={**question.context, **facts})
