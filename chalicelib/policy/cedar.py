"""Policies as Cedar's engine holds them, parsed once; the one module that knows cedarpy."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import cedarpy


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says of a request.

    Attributes:
        allows: whether its decision is Allow.
        has_errors: whether a policy failed while it was evaluated.
        policies: `@id`s of the deciding policies, sorted.
    """

    allows: bool
    has_errors: bool
    policies: tuple[str, ...]


class ParsedPolicies:
    """Policies and schema, ready to be asked."""

    def __init__(self, text: str) -> None:
        """Parse Cedar text.

        Raises:
            ValueError: it is not Cedar.
        """
        self._policies = cedarpy.PolicySet.from_str(text)
        self._schema = cedarpy.Schema.from_str(_packaged("schema.cedarschema"))
        policies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
        # Cedar answers with positional ids.
        self._ids = {p: body.get("annotations", {}).get("id", p) for p, body in policies.items()}

    def ask(self, request: dict[str, Any], entities: list[dict[str, Any]]) -> Answer:
        """Evaluate a request.

        Raises:
            ValueError: the request does not fit the schema.
        """
        answer = cedarpy.is_authorized(request, self._policies, json.dumps(entities), self._schema)
        return Answer(
            allows=answer.decision is cedarpy.Decision.Allow,
            has_errors=bool(answer.diagnostics.errors),
            policies=tuple(sorted(self._ids.get(p, p) for p in answer.diagnostics.reasons)),
        )


def _packaged(name: str) -> str:
    return files("chalicelib.policy").joinpath(name).read_text(encoding="utf-8")
