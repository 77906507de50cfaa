"""Policies, each changed in one way: what a test of policies must find."""

import json
from collections.abc import Iterator
from typing import Any

import cedarpy

EVERYTHING = {"op": "All"}


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """Yield every policy deleted, its effect flipped, and each of its conditions changed."""
    for name, policy in _static(text).items():
        told = policy["annotations"]["id"]
        yield f"{told} deleted", _changed(text, name, None)
        flipped = {"permit": "forbid", "forbid": "permit"}[policy["effect"]]
        yield f"{told} flipped", _changed(text, name, {"effect": flipped})
        for place in ("principal", "action", "resource"):
            if policy[place] != EVERYTHING:
                yield f"{told} for every {place}", _changed(text, name, {place: EVERYTHING})
        for condition in policy["conditions"]:
            yield f"{told} unconditional", _changed(text, name, {"conditions": []})
            kind = {"when": "unless", "unless": "when"}[condition["kind"]]
            negated = {"conditions": [condition | {"kind": kind}]}
            yield f"{told} negated", _changed(text, name, negated)
            for part, whole in enumerate(_parts(condition["body"])):
                yield (
                    f"{told} with part {part} alone",
                    _changed(text, name, {"conditions": [condition | {"body": whole}]}),
                )


def _parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sides of a conjunction, and lists with one thing less."""
    if "&&" in body:
        return [body["&&"]["left"], body["&&"]["right"]]
    for operator in ("in", "contains", "containsAll"):
        operands = body.get(operator, {})
        for side in ("left", "right"):
            things = operands.get(side, {}).get("Set")
            if things:
                kept = [things[:i] + things[i + 1 :] for i in range(len(things))]
                return [{operator: operands | {side: {"Set": each}}} for each in kept]
    return []


def _static(text: str) -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    return policies


def _changed(text: str, name: str, change: dict[str, Any] | None) -> str:
    policies = _static(text)
    policy = policies.pop(name)
    if change is not None:
        policies[name] = policy | change
    document = {"staticPolicies": policies, "templates": {}, "templateLinks": []}
    return cedarpy.policies_from_json_str(json.dumps(document))
