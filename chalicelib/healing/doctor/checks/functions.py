"""Checks of the functions: what runs, what it may do, and what calls it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.healing.doctor.blueprint import WantedFunction
from chalicelib.healing.doctor.check import Look, NotKnown, Step, Verdict, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.settings import resource, stage

RECURSION = "functions.recursion"
RULE = "functions.rule"
ALLOW = "Allow"
_DISABLED = "DISABLED"
_HOUR = timedelta(hours=1)


def deployed(rooms: Rooms) -> Look:
    """See that each function is there, able to start, and of the same release as the others."""
    told = {name: _configuration(rooms, each) for name, each in rooms.wanted.functions.items()}
    releases = Counter(_release(each) for each in told.values() if each)
    newest = max(releases, key=lambda release: releases[release], default="")
    bad = [
        f"{name}: {what}"
        for name, each in told.items()
        for what in _deploy_faults(each, rooms.wanted.functions[name], newest)
    ]
    return found(bad, f"{len(told)} functions are of one release")


def recursion(rooms: Rooms) -> Look:
    """See that Lambda's guard against recursion lets workers send to their own lane."""
    settings = {
        name: recursion_of(rooms, each.deployed)
        for name, each in rooms.wanted.functions.items()
        if each.calls_itself
    }
    wrong = {name: setting for name, setting in settings.items() if setting != ALLOW}
    bad = [f"{name}: RecursiveLoop is {setting}" for name, setting in wrong.items()]
    steps = [
        Step(RECURSION, name, f"set RecursiveLoop of {name} to {ALLOW}", setting)
        for name, setting in wrong.items()
        if setting
    ]
    return found(bad, f"RecursiveLoop is {ALLOW} for {len(settings)} workers", steps=steps)


def policies(rooms: Rooms) -> Look:
    """Hold what each role allows against the policy file of its function."""
    rooms.cloud.refuse_local("this cloud enforces no policies")
    functions = rooms.wanted.functions
    bad = [f"{name}: {what}" for name in functions for what in _policy_faults(rooms, name)]
    return found(bad, f"{len(functions)} roles allow what their policy files say")


def concurrency(rooms: Rooms) -> Look:
    """See that no function is switched off or held back."""
    bad = []
    for name, wanted in rooms.wanted.functions.items():
        answer = rooms.cloud.ask("lambda", "get_function_concurrency", FunctionName=wanted.deployed)
        reserved = (answer or {}).get("ReservedConcurrentExecutions")
        if reserved != wanted.reserved:
            must = "none" if wanted.reserved is None else wanted.reserved
            bad.append(f"{name}: its reserved concurrency is {reserved}; it must be {must}")
    return found(bad, "no function is held back")


def triggers(rooms: Rooms) -> Look:
    """See that schedules and queues call their functions."""
    functions, steps = rooms.wanted.functions, list[Step]()
    bad = []
    for name, wanted in functions.items():
        if wanted.rate:
            state = rule_state(rooms, name)
            bad += [f"{name}: {what}" for what in _rule_faults(state, wanted.rate)]
            if state and state["State"] == _DISABLED:
                steps.append(Step(RULE, name, f"enable the schedule of {name}", _DISABLED))
        if wanted.queue:
            bad += [f"{name}: {what}" for what in _mapping_faults(rooms, wanted)]
    return found(bad, "every queue and schedule calls its function", steps=steps)


def errors(rooms: Rooms) -> Look:
    """Count the failed invocations of the last hour."""
    rooms.cloud.refuse_local("this cloud counts no failures of functions")
    now, functions = rooms.clock.now(), rooms.wanted.functions
    asked = [
        {
            "Id": f"f{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": "Errors",
                    "Dimensions": [{"Name": "FunctionName", "Value": wanted.deployed}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for number, wanted in enumerate(functions.values())
    ]
    answer = rooms.cloud.ask(
        "cloudwatch", "get_metric_data", MetricDataQueries=asked, StartTime=now - _HOUR, EndTime=now
    )
    sums = {each["Id"]: sum(each["Values"]) for each in (answer or {})["MetricDataResults"]}
    counted = {name: int(sums.get(f"f{number}", 0)) for number, name in enumerate(functions)}
    bad = [f"{name} failed {times} times" for name, times in counted.items() if times]
    return found(bad, "no function failed in the last hour", verdict=Verdict.WARNING)


# What the menders ask, too.


def recursion_of(rooms: Rooms, function: str) -> str:
    """Return the RecursiveLoop of a function; empty where there is no such function."""
    answer = rooms.cloud.ask("lambda", "get_function_recursion_config", FunctionName=function)
    return str(answer["RecursiveLoop"]) if answer else ""


def rule_name(function: str) -> str:
    """Return what Chalice calls the rule of a function's schedule."""
    return resource(f"{function}-event")


def rule_state(rooms: Rooms, function: str) -> Mapping[str, Any] | None:
    """Return the rule of a function's schedule, or None."""
    return rooms.cloud.ask("events", "describe_rule", Name=rule_name(function))


# How.


def _configuration(rooms: Rooms, wanted: WantedFunction) -> Mapping[str, Any] | None:
    return rooms.cloud.ask("lambda", "get_function_configuration", FunctionName=wanted.deployed)


def _release(told: Mapping[str, Any]) -> str:
    layers = [layer.get("Arn", "") for layer in told.get("Layers", ())]
    return "+".join([str(told.get("CodeSha256", "")), *sorted(layers)])


def _deploy_faults(
    told: Mapping[str, Any] | None, wanted: WantedFunction, release: str
) -> Iterator[str]:
    if told is None:
        yield "it is missing"
        return
    if told.get("State", "Active") not in {"Active", "Inactive"}:
        yield f"it is {told['State']}: {told.get('StateReason', 'no reason')}"
    if told.get("LastUpdateStatus") == "Failed":
        yield f"its update failed: {told.get('LastUpdateStatusReason', 'no reason')}"
    if told["Timeout"] != wanted.timeout:
        yield f"it may run for {told['Timeout']} s; it must be {wanted.timeout}"
    if told["MemorySize"] != wanted.memory:
        yield f"it has {told['MemorySize']} MB; it must be {wanted.memory}"
    if _release(told) != release:
        yield "it is of another release than most"


def _policy_faults(rooms: Rooms, name: str) -> Iterator[str]:
    role = resource(name)
    answer = rooms.cloud.ask("iam", "get_role_policy", RoleName=role, PolicyName=role)
    if answer is None:
        yield "its role or the policy of it is missing"
    elif _digest(answer["PolicyDocument"]) != rooms.wanted.functions[name].policy:
        yield "its role allows something else than its policy file"


def _digest(document: Any) -> str:
    # What infra.blueprint makes, of a policy whose names lack the stage.
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    own = f"palyra-{stage()}"
    return hashlib.sha256(canonical.replace(own, "palyra-{stage}").encode()).hexdigest()


def _rule_faults(rule: Mapping[str, Any] | None, rate: str) -> Iterator[str]:
    if rule is None:
        yield "the rule of its schedule is missing"
        return
    if rule["State"] == _DISABLED:
        yield "its schedule is disabled"
    if rule.get("ScheduleExpression") != rate:
        yield f"its schedule is {rule.get('ScheduleExpression')}; it must be {rate}"


def _mapping_faults(rooms: Rooms, wanted: WantedFunction) -> Iterator[str]:
    answer = rooms.cloud.ask("lambda", "list_event_source_mappings", FunctionName=wanted.deployed)
    if answer is None:
        raise NotKnown(f"there is no function {wanted.deployed}")
    queue = resource(wanted.queue or "")
    reads = [each for each in answer["EventSourceMappings"] if _source(each) == queue]
    if not reads:
        yield f"nothing lets it read the queue {wanted.queue}"
    for mapping in reads:
        if mapping.get("State") not in {"Enabled", "Creating", "Enabling", "Updating"}:
            yield f"the mapping of its queue is {mapping.get('State')}"
        most = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        if most != wanted.concurrency:
            yield f"at most {most} of it run at once; it must be {wanted.concurrency}"


def _source(mapping: Mapping[str, Any]) -> str:
    return str(mapping.get("EventSourceArn", "")).rpartition(":")[2]
