"""Cedar, asked in one way only.

Policies and schema are parsed once per container. A request is allowed when Cedar says Allow and
reports no error: Cedar skips a policy that fails while it is evaluated, so a `forbid` that could
not be read would otherwise allow. Anything unexpected refuses. Cedar's own error texts are not
passed on: they can quote what they were asked about.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any

import cedarpy

from chalicelib.policy.request import Decision, Entity

_log = logging.getLogger("palyra.policy")
_HASH_DIGITS = 16


class PolicyEngine:
    """A set of policies over Palyra's schema."""

    def __init__(self, policies: str | None = None) -> None:
        """Take Cedar text; the default policies where none is given."""
        self._text = _packaged("default.cedar") if policies is None else policies

    def authorize(
        self, principal: Entity, action: str, resource: Entity, context: Mapping[str, Any]
    ) -> Decision:
        """Decide whether a principal may do an action to a resource, given a context.

        Never raises: what cannot be decided is refused.
        """
        request = {
            "principal": principal.uid,
            "action": {"type": "Action", "id": action},
            "resource": resource.uid,
            "context": dict(context),
        }
        try:
            return self._decide(request, [_entity(principal), _entity(resource)])
        except Exception as error:  # noqa: BLE001 - whatever fails, refuse
            _log.error("the policies could not be asked", extra={"error": type(error).__name__})
            return self._refused("policy-error")

    def _decide(self, request: dict[str, Any], entities: list[dict[str, Any]]) -> Decision:
        answer = cedarpy.is_authorized(request, self._parsed, json.dumps(entities), self._schema)
        deciding = tuple(sorted(self._ids.get(p, p) for p in answer.diagnostics.reasons))
        if answer.diagnostics.errors:
            return self._refused("policy-error", deciding)
        if answer.decision is not cedarpy.Decision.Allow:
            return self._refused("forbidden" if deciding else "not-permitted", deciding)
        return Decision(allowed=True, policies=deciding, reason="", policy_set=self.fingerprint)

    def _refused(self, reason: str, policies: tuple[str, ...] = ()) -> Decision:
        return Decision(
            allowed=False, policies=policies, reason=reason, policy_set=self.fingerprint
        )

    @cached_property
    def fingerprint(self) -> str:
        """Return which policies these are."""
        return hashlib.sha256(self._text.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]

    @cached_property
    def _parsed(self) -> cedarpy.PolicySet:
        return cedarpy.PolicySet.from_str(self._text)

    @cached_property
    def _schema(self) -> cedarpy.Schema:
        return cedarpy.Schema.from_str(_packaged("schema.cedarschema"))

    @cached_property
    def _ids(self) -> dict[str, str]:
        """Return the `@id` of each policy by the positional id that Cedar answers with."""
        policies = json.loads(cedarpy.policies_to_json_str(self._text))["staticPolicies"]
        return {p: body.get("annotations", {}).get("id", p) for p, body in policies.items()}


def _entity(entity: Entity) -> dict[str, Any]:
    return {"uid": entity.uid, "attrs": dict(entity.attributes), "parents": []}


def _packaged(name: str) -> str:
    return files("chalicelib.policy").joinpath(name).read_text(encoding="utf-8")
