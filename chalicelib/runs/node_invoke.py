"""The tool `node.invoke`: a run asks a device to do something, and waits without a worker.

The step in which the run asks is the intent: the request is made under its key, so asking again
finds the first request. What nobody knows the end of ends the run as unknown, and is asked anew
only where an operator retries it: by a new step, and so under a new key.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from chalicelib.access.idempotency import RequestKey
from chalicelib.errors import Invalid, NotFound, PalyraError, only_fields
from chalicelib.nodes.authority.naming import is_device_id
from chalicelib.nodes.capabilities.invocations.invoking import Ask, Invoker
from chalicelib.nodes.capabilities.invocations.request import (
    DEFAULT_ANSWER,
    DEFAULT_WAIT,
    LEAST_ANSWER,
    LEAST_WAIT,
    MOST_ANSWER,
    MOST_WAIT,
    CapabilityRequest,
    Limits,
)
from chalicelib.policy.request import Entity
from chalicelib.runs.late_tools import NODE_INVOKE, Call
from chalicelib.runs.tools import Invocation, NotYet, OutcomeUnknown

_FIELDS = {"node", "capability", "arguments", "wait_seconds", "timeout_seconds"}


def node_invoke(invoker: Invoker) -> Call:
    """Return what asks the nodes of the owner whose run calls it."""

    def call(invocation: Invocation) -> Mapping[str, Any]:
        try:
            request = invoker.ask(_ask(invocation)).request
        except NotFound as error:
            if _was_made(invoker, invocation):
                raise OutcomeUnknown("the request was deleted") from error
            return _refused(error)
        except PalyraError as error:
            if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            # The model reads it and can ask better; the run goes on.
            return _refused(error)
        return _answer(invoker, request)

    return call


def _answer(invoker: Invoker, request: CapabilityRequest) -> Mapping[str, Any]:
    if not request.state.is_terminal:
        key = (request.owner, request.device_id, request.id)
        raise NotYet(
            f"request {request.id} to node {request.device_id}",
            lambda: invoker.get(*key).state.is_terminal,
        )
    if request.is_uncertain:
        raise OutcomeUnknown(f"request {request.id}: {request.reason}")
    told: dict[str, Any] = {"request_id": request.id, "state": str(request.state)}
    if request.output:
        told["output"] = json.loads(request.output)
    return told | ({"reason": request.reason} if request.reason else {})


def _ask(invocation: Invocation) -> Ask:
    told = dict(invocation.arguments)
    only_fields(told, _FIELDS)
    node, capability, given = told.get("node"), told.get("capability"), told.get("arguments", {})
    if not isinstance(node, str) or not is_device_id(node):
        raise Invalid("it is no node", field="node", fix="send the id of a node")
    if not isinstance(capability, str):
        raise Invalid("it is no capability", field="capability", fix="send its name")
    if not isinstance(given, Mapping):
        raise Invalid("it is not an object", field="arguments", fix="send an object")
    return Ask(
        owner=invocation.owner,
        device_id=node,
        capability=capability,
        arguments=given,
        limits=Limits(
            _seconds(told, "wait_seconds", LEAST_WAIT, DEFAULT_WAIT, MOST_WAIT),
            _seconds(told, "timeout_seconds", LEAST_ANSWER, DEFAULT_ANSWER, MOST_ANSWER),
        ),
        principal=Entity("Run", invocation.task_id, {"owner": invocation.owner}),
        requested_by=f"run:{invocation.task_id}",
        task_id=invocation.task_id,
        key=_key(invocation),
    )


def _seconds(
    told: Mapping[str, Any], name: str, least: timedelta, default: timedelta, most: timedelta
) -> timedelta:
    seconds = told.get(name, int(default.total_seconds()))
    bounds = int(least.total_seconds()), int(most.total_seconds())
    if not isinstance(seconds, int) or not bounds[0] <= seconds <= bounds[1]:
        fix = f"use {bounds[0]} to {bounds[1]}"
        raise Invalid(f"{name} is {seconds!s:.40}", field=name, fix=fix)
    return timedelta(seconds=seconds)


def _key(invocation: Invocation) -> RequestKey:
    content = json.dumps(dict(invocation.arguments), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    actor = f"run:{invocation.task_id}"
    return RequestKey(invocation.owner, actor, NODE_INVOKE.name, invocation.key, digest)


def _was_made(invoker: Invoker, invocation: Invocation) -> bool:
    return invoker.requests.made(_key(invocation), invoker.keeper.now()) is not None


def _refused(error: PalyraError) -> Mapping[str, Any]:
    faults = "; ".join(f"{fault.field}: {fault.fix}" for fault in error.faults)
    return {"refused": error.detail, "fix": faults or error.fix}
