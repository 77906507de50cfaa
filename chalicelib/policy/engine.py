"""Cedar, asked in one way only.

Policies and schema are parsed once per container. A request is allowed when Cedar says Allow and
reports no error: Cedar skips a policy that fails while it is evaluated, so a `forbid` that could
not be read would otherwise allow. Anything unexpected refuses. Cedar's own error texts are not
passed on: they can quote what they were asked about.
"""

import hashlib
import logging
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from chalicelib.policy.request import Decision, Entity

if TYPE_CHECKING:
    from chalicelib.policy.cedar import Answer, ParsedPolicies

_log = logging.getLogger("palyra.policy")
_HASH_DIGITS = 16


class PolicyEngine:
    """A set of policies over Palyra's schema."""

    def __init__(self, policies: str | None = None) -> None:
        """Take Cedar text; the default policies where none is given."""
        self._given = policies

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
            answer = self._parsed.ask(request, [_entity(principal), _entity(resource)])
        except Exception as error:  # noqa: BLE001 - whatever fails, refuse
            # Its text can quote the request.
            _log.error("the policies could not be asked", extra={"error": type(error).__name__})
            return self._refused("policy-error")
        return self._decision(answer)

    def _decision(self, answer: "Answer") -> Decision:
        if answer.has_errors:
            return self._refused("policy-error", answer.policies)
        if not answer.allows:
            return self._refused(
                "forbidden" if answer.policies else "not-permitted", answer.policies
            )
        return Decision(
            allowed=True, policies=answer.policies, reason="", policy_set=self.fingerprint
        )

    def _refused(self, reason: str, policies: tuple[str, ...] = ()) -> Decision:
        return Decision(
            allowed=False, policies=policies, reason=reason, policy_set=self.fingerprint
        )

    @cached_property
    def fingerprint(self) -> str:
        """Return which policies these are."""
        return hashlib.sha256(self._text.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]

    @cached_property
    def _text(self) -> str:
        if self._given is not None:
            return self._given
        return files("chalicelib.policy").joinpath("default.cedar").read_text(encoding="utf-8")

    @cached_property
    def _parsed(self) -> "ParsedPolicies":
        # Importing Cedar takes a sixth of a worker's start, and a worker that drops a duplicate
        # or early message never asks.
        cedar = import_module("chalicelib.policy.cedar")
        parsed: ParsedPolicies = cedar.ParsedPolicies(self._text)
        return parsed


def _entity(entity: Entity) -> dict[str, Any]:
    return {"uid": entity.uid, "attrs": dict(entity.attributes), "parents": []}
