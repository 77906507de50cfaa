"""Policies as Cedar's engine holds them, parsed once; the one module that knows cedarpy.

The engine is compiled code without a limit to nesting: text of others is measured by `text` first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import cedarpy

_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says of a request.

    Attributes:
        allows: whether its decision is Allow.
        has_errors: whether a policy failed while it was evaluated.
        policies: `@id`s of the deciding policies, sorted.
        reasons: what these name by `@reason`, "" for one that names nothing.
    """

    allows: bool
    has_errors: bool
    policies: tuple[str, ...]
    reasons: tuple[str, ...] = ()


class Body(NamedTuple):
    """A policy's outside.

    Attributes:
        effect: `permit` or `forbid`.
        is_template: it has slots, and so decides nothing by itself.
    """

    effect: str
    annotations: Mapping[str, str]
    is_template: bool


class Flaw(NamedTuple):
    """What the schema has against a policy, by the policy's place in its text from 0."""

    position: int
    words: str


class ParsedPolicies:
    """Policies and schema, ready to be asked."""

    def __init__(self, text: str) -> None:
        """Parse Cedar text.

        Raises:
            ValueError: it is not Cedar.
        """
        self._policies = cedarpy.PolicySet.from_str(text)
        self._annotations = {f"policy{i}": body.annotations for i, body in enumerate(bodies(text))}

    def ask(self, request: dict[str, Any], entities: list[dict[str, Any]]) -> Answer:
        """Evaluate a request.

        Raises:
            ValueError: the request does not fit the schema.
        """
        answer = cedarpy.is_authorized(request, self._policies, json.dumps(entities), schema())
        decided = [(p, self._annotations.get(p, {})) for p in answer.diagnostics.reasons]
        return Answer(
            allows=answer.decision is cedarpy.Decision.Allow,
            # A request that was not decided has one, too: it did not fit.
            has_errors=bool(answer.diagnostics.errors)
            or answer.decision is cedarpy.Decision.NoDecision,
            # Cedar answers with positional ids.
            policies=tuple(sorted(of.get("id", p) for p, of in decided)),
            reasons=tuple(sorted({of.get("reason", "") for _, of in decided})),
        )


@cache
def schema() -> cedarpy.Schema:
    """Return the schema, parsed once."""
    return cedarpy.Schema.from_str(packaged("schema.cedarschema"))


@lru_cache(_REMEMBERED)
def parsed(text: str) -> ParsedPolicies:
    """Return parsed policies; the same text is parsed once.

    Raises:
        ValueError: it is not Cedar.
    """
    return ParsedPolicies(text)


def bodies(text: str) -> list[Body]:
    """Return the outsides of policies, in the order of their text.

    Raises:
        ValueError: it is not Cedar.
    """
    document = json.loads(cedarpy.policies_to_json_str(text))
    static, templates = document["staticPolicies"], document["templates"]
    named = {name: (body, False) for name, body in static.items()}
    named |= {name: (body, True) for name, body in templates.items()}
    return [
        Body(body["effect"], _annotations(body), is_template)
        for body, is_template in (named[f"policy{i}"] for i in range(len(named)))
    ]


def complaint(text: str) -> str:
    """Return what the parser has against a text, or nothing."""
    try:
        cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        return str(error)
    return ""


def flaws(text: str) -> list[Flaw]:
    """Return what the schema has against policies that parse, in strict mode."""
    found = cedarpy.validate_policies(text, schema()).errors
    return [Flaw(_position(each.policy_id), each.error) for each in found]


def packaged(name: str) -> str:
    """Return a text of this package."""
    return files("chalicelib.policy").joinpath(name).read_text(encoding="utf-8")


def _position(policy_id: str) -> int:
    digits = policy_id.removeprefix("policy")
    return int(digits) if digits.isdecimal() else 0


def _annotations(body: Mapping[str, Any]) -> dict[str, str]:
    # Cedar takes an annotation without a value for one that is empty.
    return {name: value or "" for name, value in body.get("annotations", {}).items()}
