"""Each bridge does what its module says, and MiniStack alone still does not.

The checks are the same on both sides. Where MiniStack passes one by itself, the bridge can go.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.place import CHECKOUT
from infra.local.template import TEMPLATE
from tests.infra.conftest import Emulator
from tests.infra.functions import is_settled, make_function
from tests.infra.waiting import eventually

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:test"
PLAIN_DELAY_SECONDS = 0.5
# How much longer it may take to find the last of 1,500 items than to find nothing.
MANY, LOOKS = 8, 5


def document(*paths: str) -> bytes:
    """A Swagger document as Chalice writes it."""
    invoked = (
        f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    )
    operation = {
        "responses": {},
        "x-amazon-apigateway-integration": {
            "uri": invoked,
            "httpMethod": "POST",
            "type": "aws_proxy",
        },
    }
    body = {
        "swagger": "2.0",
        "info": {"title": "test", "version": "1.0"},
        "schemes": ["https"],
        "paths": {path: {"get": operation} for path in paths},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
    }
    return json.dumps(body).encode()


def routes(gateway: Any, api: str) -> set[str]:
    found = gateway.get_resources(restApiId=api)["items"]
    return {resource["path"] for resource in found if resource.get("resourceMethods")}


def imports_a_rest_api(emulator: Emulator) -> bool:
    gateway = emulator.client("apigateway")
    api = gateway.import_rest_api(
        body=document("/", "/a/{b}"), parameters={"endpointConfigurationTypes": "REGIONAL"}
    )
    types = gateway.get_rest_api(restApiId=api["id"]).get("binaryMediaTypes")
    return routes(gateway, api["id"]) == {"/", "/a/{b}"} and types == ["image/png"]


def overwrites_a_rest_api(emulator: Emulator) -> bool:
    gateway = emulator.client("apigateway")
    # More than a page of resources, and some below others.
    old = [f"/old/{number}/{{id}}" for number in range(20)]
    api = gateway.import_rest_api(body=document("/", "/kept", *old))["id"]
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=document("/kept/{id}", "/new"))
    return routes(gateway, api) == {"/kept/{id}", "/new"}


def takes_an_empty_compression_size(emulator: Emulator) -> bool:
    gateway = emulator.client("apigateway")
    api = gateway.create_rest_api(name="test")["id"]
    empty = {"op": "replace", "path": "/minimumCompressionSize", "value": ""}
    gateway.update_rest_api(restApiId=api, patchOperations=[empty])
    described = gateway.get_rest_api(restApiId=api)
    gateway.delete_rest_api(restApiId=api)
    return "minimumCompressionSize" not in described


def makes_functions_that_are_ready(emulator: Emulator) -> bool:
    functions = emulator.client("lambda")
    make_function(functions, "ready")
    asked = time.monotonic()
    functions.update_function_configuration(FunctionName="ready", Timeout=5)
    eventually(lambda: is_settled(functions, "ready"), seconds=5)
    took = time.monotonic() - asked
    functions.delete_function(FunctionName="ready")
    return took < PLAIN_DELAY_SECONDS


def unpacks_a_package_once(emulator: Emulator) -> bool:
    functions = emulator.client("lambda")
    names = ("first", "second")
    for name in names:
        make_function(functions, name)
    found = {functions.invoke(FunctionName=name)["Payload"].read() for name in names}
    assert all(b"where.py" in path for path in found)
    return len(found) == 1


def finds_the_last_of_many_items(emulator: Emulator) -> bool:
    dynamodb = emulator.client("dynamodb")
    types = {"pk": ("S", "HASH"), "sk": ("N", "RANGE")}
    dynamodb.create_table(
        TableName="many",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": of} for name, (of, _) in types.items()
        ],
        KeySchema=[{"AttributeName": name, "KeyType": of} for name, (_, of) in types.items()],
        BillingMode="PAY_PER_REQUEST",
    )
    for first in range(0, 2_000, 25):
        items = [{"pk": {"S": "a"}, "sk": {"N": str(first + each)}} for each in range(25)]
        puts = [{"PutRequest": {"Item": item}} for item in items]
        dynamodb.batch_write_item(RequestItems={"many": puts})

    def seconds(partition: str) -> float:
        asked = time.monotonic()
        dynamodb.query(
            TableName="many",
            KeyConditionExpression="#0 = :0 AND #1 < :1",
            ExpressionAttributeNames={"#0": "pk", "#1": "sk"},
            ExpressionAttributeValues={":0": {"S": partition}, ":1": {"N": "1500"}},
            ScanIndexForward=False,
            Limit=1,
        )
        return time.monotonic() - asked

    # Compared with a partition of nothing: how quick the machine is tells nothing.
    return min(seconds("a") for _ in range(LOOKS)) < MANY * min(seconds("b") for _ in range(LOOKS))


def saves_without_being_ended(emulator: Emulator) -> bool:
    emulator.client("ssm").put_parameter(Name="kept", Value="secret of ours", Type="String")

    def is_saved() -> bool:
        saved = [path.read_text() for path in emulator.state.glob("**/ssm.json")]
        return any("secret of ours" in text for text in saved)

    try:
        eventually(is_saved, seconds=6)
    except AssertionError:
        return False
    return True


def expires_and_recovers_what_a_stack_makes(emulator: Emulator) -> bool:
    cloudformation, dynamodb = emulator.client("cloudformation"), emulator.client("dynamodb")
    cloudformation.create_stack(
        StackName="test",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "test"}],
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="test", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    expiry = dynamodb.describe_time_to_live(TableName="palyra-test-work")
    backups = dynamodb.describe_continuous_backups(TableName="palyra-test-work")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return bool(
        expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
        and recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    )


BRIDGES: dict[str, Callable[[Emulator], bool]] = {
    "infra/local/bridges/import_rest_api.py": imports_a_rest_api,
    "infra/local/bridges/put_rest_api.py": overwrites_a_rest_api,
    "infra/local/bridges/drop_empty_compression.py": takes_an_empty_compression_size,
    "infra/local/bridges/instant_functions.py": makes_functions_that_are_ready,
    "infra/local/bridges/quick_key_conditions.py": finds_the_last_of_many_items,
    "infra/local/bridges/unpack_once.py": unpacks_a_package_once,
    "infra/local/bridges/snapshots.py": saves_without_being_ended,
}
# Set by API after the stack, as `stack.py` does; there is no bridge in the emulator to compare.
BESIDE: dict[str, Callable[[Emulator], bool]] = {
    "the API calls of infra/local/stack.py": expires_and_recovers_what_a_stack_makes
}
ALL = {**BRIDGES, **BESIDE}


@pytest.mark.parametrize("check", BRIDGES.values(), ids=BRIDGES)
def test_with_the_bridge_it_does(bridged: Emulator, check: Callable[[Emulator], bool]) -> None:
    assert check(bridged)


@pytest.mark.parametrize(("bridge", "check"), ALL.items(), ids=ALL)
def test_without_the_bridge_it_does_not(
    plain: Emulator, bridge: str, check: Callable[[Emulator], bool]
) -> None:
    try:
        is_needless = check(plain)
    except Exception:  # noqa: BLE001  however it fails, it fails
        is_needless = False

    if is_needless:
        pytest.fail(f"MiniStack does this by itself now: this bridge can go: {bridge}")


@pytest.mark.parametrize("bridge", BRIDGES)
def test_every_bridge_that_is_named_is_there(bridge: str) -> None:
    assert (CHECKOUT / bridge).is_file()
