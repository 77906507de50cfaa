"""What Chalice says it has deployed, and whether the emulator agrees.

The two are kept apart, and a kill can leave one ahead of the other. If they do not agree, both are
forgotten and everything is deployed afresh; tables, queues and objects are not touched by that.
"""

import json
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError

from infra.local import clients
from infra.local.place import STAGE, Place

_GATEWAY_STAGE = "api"
_DEAD = "-dlq"
_OURS = f"palyra-{STAGE}"  # Begins the name of each function, layer and rule.

type Resource = dict[str, Any]
type Lookup = Callable[[Resource], object]


@dataclass(frozen=True, slots=True)
class Deployed:
    """The resources of the last deploy."""

    resources: tuple[Resource, ...]

    @classmethod
    def read(cls, place: Place) -> Self:
        """Read what Chalice has recorded; nothing, if it never finished."""
        file = record(place)
        if not file.exists():
            return cls(())
        return cls(tuple(json.loads(file.read_text())["resources"]))

    def of_type(self, kind: str) -> list[Resource]:
        """Return the resources of one type."""
        return [each for each in self.resources if each["resource_type"] == kind]

    @property
    def functions(self) -> dict[str, str]:
        """The ARN of each function, by its name in app.py."""
        return {each["name"]: each["lambda_arn"] for each in self.of_type("lambda_function")}

    @property
    def scheduled(self) -> list[str]:
        """The ARNs of the functions that a clock starts."""
        rules = [each["name"].removesuffix("-event") for each in self.of_type("cloudwatch_event")]
        return [self.functions[name] for name in rules]

    @property
    def of_lanes(self) -> list[str]:
        """The ARNs of the functions that the messages of a lane start."""
        events = self.of_type("sqs_event")
        return [each["lambda_arn"] for each in events if not each["queue"].endswith(_DEAD)]

    @property
    def api(self) -> str:
        """The id of the REST API."""
        return str(self.of_type("rest_api")[0]["rest_api_id"])

    @property
    def api_path(self) -> str:
        """Where the emulator serves the API."""
        return f"/restapis/{self.api}/{_GATEWAY_STAGE}/_user_request_"


def record(place: Place) -> Path:
    """Return the file in which Chalice records what it has deployed."""
    return place.deploy / ".chalice" / "deployed" / f"{STAGE}.json"


def agrees(place: Place) -> bool:
    """Return whether the emulator has all that Chalice has recorded."""
    resources = Deployed.read(place).resources
    lookups = _lookups()
    return bool(resources) and all(
        _answers(lookups[each["resource_type"]], each)
        for each in resources
        if each["resource_type"] in lookups
    )


def forget(place: Place) -> None:
    """Remove functions, triggers and API from the emulator, and Chalice's record of them.

    An emulator that is not ours has more than these. What else it has is told by the name, which
    begins with that of our stage; an API has no such name, so only the recorded one is removed.
    """
    recorded = [each["rest_api_id"] for each in Deployed.read(place).of_type("rest_api")]
    shutil.rmtree(place.deploy / ".chalice" / "deployed", ignore_errors=True)
    _forget_functions(clients.client("lambda"))
    _forget_layers(clients.client("lambda"))
    _forget_rules(clients.client("events"))
    _forget_apis(clients.client("apigateway"), None if place.is_ours else recorded)


def _lookups() -> dict[str, Lookup]:
    functions, events = clients.client("lambda"), clients.client("events")
    gateway = clients.client("apigateway")
    return {
        "lambda_function": lambda each: functions.get_function(FunctionName=each["lambda_arn"]),
        "sqs_event": lambda each: functions.get_event_source_mapping(UUID=each["event_uuid"]),
        "cloudwatch_event": lambda each: events.describe_rule(Name=each["rule_name"]),
        "rest_api": lambda each: gateway.get_rest_api(restApiId=each["rest_api_id"]),
    }


def _answers(lookup: Lookup, resource: Resource) -> bool:
    try:
        lookup(resource)
    except ClientError:
        return False
    return True


def _forget_functions(functions: Any) -> None:
    for mapping in _all(functions, "list_event_source_mappings", "EventSourceMappings"):
        if _is_ours(str(mapping["FunctionArn"]).rpartition("function:")[2]):
            functions.delete_event_source_mapping(UUID=mapping["UUID"])
    for function in _all(functions, "list_functions", "Functions"):
        if _is_ours(function["FunctionName"]):
            functions.delete_function(FunctionName=function["FunctionName"])


def _forget_layers(functions: Any) -> None:
    # The next deploy publishes one more and knows nothing of these; each is all packages in one.
    try:
        names = [each["LayerName"] for each in _all(functions, "list_layers", "Layers")]
    except ClientError:  # LocalStack's free edition knows none.
        return
    for name in filter(_is_ours, names):
        for version in _all(functions, "list_layer_versions", "LayerVersions", LayerName=name):
            functions.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


def _forget_rules(events: Any) -> None:
    for rule in _all(events, "list_rules", "Rules", NamePrefix=_OURS):
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        events.delete_rule(Name=rule["Name"])


def _forget_apis(gateway: Any, only: Collection[str] | None) -> None:
    for api in _all(gateway, "get_rest_apis", "items"):
        if only is None or api["id"] in only:
            gateway.delete_rest_api(restApiId=api["id"])


def _all(client: Any, operation: str, items: str, **arguments: str) -> list[Resource]:
    """Return all pages at once: what is listed is about to be removed."""
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[items]]


def _is_ours(name: str) -> bool:
    return name.startswith(_OURS)
