"""The stack of `infra/template.yaml` on the emulator: made, or brought up to date.

The emulator's CloudFormation ignores time-to-live and point-in-time recovery, so both are set by
API, to what the template says. It also ignores when the objects of a bucket expire; the emulator
never removes an object, whatever it is told, so there is nothing to be set.
"""

from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.local import clients
from infra.local.errors import LocalCloudError
from infra.local.place import STAGE
from infra.local.template import TEMPLATE, table_settings

_NAME = f"palyra-{STAGE}"
_UNCHANGED = "No updates are to be performed"


def make() -> None:
    """Make the stack what the template says."""
    cloudformation = clients.client("cloudformation")
    if _exists(cloudformation):
        _update(cloudformation)
    else:
        cloudformation.create_stack(**_wanted())
        _wait(cloudformation, "stack_create_complete")
    _set_by_api(_physical_names(cloudformation))


def _wanted() -> dict[str, Any]:
    return {
        "StackName": _NAME,
        "TemplateBody": TEMPLATE.read_text(),
        "Parameters": [{"ParameterKey": "Stage", "ParameterValue": STAGE}],
    }


def _exists(cloudformation: Any) -> bool:
    try:
        cloudformation.describe_stacks(StackName=_NAME)
    except ClientError:
        return False
    return True


def _update(cloudformation: Any) -> None:
    try:
        cloudformation.update_stack(**_wanted())
    except ClientError as error:
        if _UNCHANGED not in str(error):
            raise
    else:
        _wait(cloudformation, "stack_update_complete")


def _wait(cloudformation: Any, state: str) -> None:
    try:
        cloudformation.get_waiter(state).wait(
            StackName=_NAME, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150}
        )
    except WaiterError as error:
        raise LocalCloudError(
            f"The stack {_NAME} could not be made: {error}. Run `cfn-lint infra/template.yaml`, "
            "or delete the state folder if the change cannot be applied to it"
        ) from error


def _physical_names(cloudformation: Any) -> dict[str, str]:
    resources = cloudformation.describe_stack_resources(StackName=_NAME)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}


def _set_by_api(names: dict[str, str]) -> None:
    dynamodb = clients.client("dynamodb")
    for table in table_settings():
        name = names[table.resource]
        if table.ttl and not _expires(dynamodb, name):
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=table.ttl)
        if table.recovery:
            dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification=table.recovery
            )


def _expires(dynamodb: Any, name: str) -> bool:
    # Switching on what is on is refused.
    described = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    return bool(described["TimeToLiveStatus"] == "ENABLED")
