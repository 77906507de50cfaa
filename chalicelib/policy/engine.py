"""Cedar, asked in one way only.

Policies and schema are parsed once per container. A request is allowed when Cedar says Allow and
reports no error: Cedar skips a policy that fails while it is evaluated, so a `forbid` that could
not be read would otherwise allow. Anything unexpected refuses. Cedar's own error texts are not
passed on: they can quote what they were asked about.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from chalicelib.policy.grants import variations
from chalicelib.policy.reason import Reason, most_telling
from chalicelib.policy.request import Decision, Entity, Question

if TYPE_CHECKING:
    from chalicelib.policy.cedar import Answer, ParsedPolicies

_log = logging.getLogger("palyra.policy")
_HASH_DIGITS = 16
LARGEST_REQUEST_BYTES = 32_768


class PolicyEngine:
    """A set of policies over Palyra's schema."""

    def __init__(self, policies: str | None = None, version: int = 0) -> None:
        """Take Cedar text; the default policies where none is given.

        Args:
            policies: the whole set.
            version: of the operator's policies in it.
        """
        self._given = policies
        self.version = version

    @classmethod
    def of_operator(cls, text: str, version: int) -> Self:
        """Return the default policies with those of an operator behind them."""
        return cls(f"{defaults()}\n{text}", version)

    def authorize(
        self, principal: Entity, action: str, resource: Entity, context: Mapping[str, Any]
    ) -> Decision:
        """Decide whether a principal may do an action to a resource, given a context.

        Never raises: what cannot be decided is refused. A refusal says which single grant was
        missing, where there is one.
        """
        question = Question(principal, action, resource, context)
        decision = self.decide(question)
        if decision.allowed or decision.reason is Reason.ERROR:
            return decision
        return replace(decision, missing=self._missing(question))

    def decide(self, question: Question) -> Decision:
        """Answer a question, without a word on what would have changed the answer."""
        try:
            answer = self._parsed.ask(*_request(question))
        except Exception as error:  # noqa: BLE001 - whatever fails, refuse
            # Its text can quote the request.
            _log.error("the policies could not be asked", extra={"error": type(error).__name__})
            return self.refused(Reason.ERROR)
        return self._decision(answer)

    def refused(self, reason: Reason, policies: tuple[str, ...] = ()) -> Decision:
        """Return a refusal by these policies."""
        return Decision(
            allowed=False,
            policies=policies,
            reason=reason,
            policy_set=self.fingerprint,
            version=self.version,
        )

    def described(self, ids: Iterable[str]) -> list[tuple[str, str, str]]:
        """Return id, effect and hint of policies."""
        outsides = import_module("chalicelib.policy.cedar").bodies(self._text)
        known = {body.annotations.get("id", ""): body for body in outsides}
        found = ((name, known[name]) for name in ids if name in known)
        return [(name, of.effect, of.annotations.get("hint", "")) for name, of in found]

    def _decision(self, answer: "Answer") -> Decision:
        if answer.has_errors:
            _log.error("a policy failed, or the request did not fit the schema")
            return self.refused(Reason.ERROR, answer.policies)
        if not answer.allows:
            return self.refused(_why(answer), answer.policies)
        return Decision(
            allowed=True,
            policies=answer.policies,
            reason=Reason.ALLOW,
            policy_set=self.fingerprint,
            version=self.version,
        )

    def _missing(self, question: Question) -> tuple[str, ...]:
        """Return the single grants each of which would have allowed it."""
        tried = variations(question)
        return tuple(grant for grant, varied in tried if self.decide(varied).allowed)

    @cached_property
    def fingerprint(self) -> str:
        """Return which policies these are."""
        return hashlib.sha256(self._text.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]

    @cached_property
    def _text(self) -> str:
        return defaults() if self._given is None else self._given

    @cached_property
    def _parsed(self) -> "ParsedPolicies":
        # Importing Cedar takes a sixth of a worker's start, and a worker that drops a duplicate
        # or early message never asks.
        cedar = import_module("chalicelib.policy.cedar")
        parsed: ParsedPolicies = cedar.parsed(self._text)
        return parsed


def defaults() -> str:
    """Return the text of the default policies."""
    return files("chalicelib.policy").joinpath("default.cedar").read_text(encoding="utf-8")


def _request(question: Question) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a question as Cedar takes it.

    Raises:
        ValueError: it is too large to be looked at.
    """
    principal, action, resource, context = question
    request = {
        "principal": principal.uid,
        "action": {"type": "Action", "id": action},
        "resource": resource.uid,
        "context": dict(context),
    }
    entities = [principal.document(), resource.document()]
    if len(json.dumps([request, entities])) > LARGEST_REQUEST_BYTES:
        raise ValueError
    return request, entities


def _why(answer: "Answer") -> Reason:
    if not answer.policies:
        return Reason.DEFAULT_DENY
    return most_telling([_code(each) for each in answer.reasons])


def _code(named: str) -> Reason:
    return Reason(named) if named in set(Reason) else Reason.FORBIDDEN
