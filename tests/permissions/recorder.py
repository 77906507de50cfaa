"""What IAM is asked when a function calls AWS."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import local
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support.faults import Crash, before

NEEDS_NO_PERMISSION = {
    "GetCallerIdentity": "STS tells everybody who they are, whatever their policies say",
}
# What IAM calls by the name of another operation.
_ASKED_AS = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "HeadObject": "GetObject",
    "Invoke": "InvokeFunction",
    "UploadPart": "PutObject",
}
_ACCOUNT = "123456789012"
_IN_ACCOUNT = f"us-east-1:{_ACCOUNT}"
# What AWS knows no resources of.
_NAMELESS = {
    "GetMetricData": "cloudwatch:GetMetricData",
    "ListEventSourceMappings": "lambda:ListEventSourceMappings",
}
# By the argument that names what is asked about: its service, and the ARN before the name.
_NAMED = {
    "FunctionName": ("lambda", f"arn:aws:lambda:{_IN_ACCOUNT}:function:"),
    "RoleName": ("iam", f"arn:aws:iam::{_ACCOUNT}:role/"),
    # Policies allow keys by the alias that they are asked for by, and `policies` reads them so.
    "KeyId": ("kms", ""),
    "Name": ("events", f"arn:aws:events:{_IN_ACCOUNT}:rule/"),
}
_OF_BUCKETS = {
    "ListObjectsV2": "ListBucket",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
}


@dataclass(frozen=True, order=True)
class Action:
    """An action on a resource: as it was made, or as a policy allows it."""

    name: str
    resource: str

    def is_allowed_by(self, allowed: "Action") -> bool:
        return self.name == allowed.name and fnmatchcase(self.resource, allowed.resource)


@dataclass
class Recorder:
    """Records calls to AWS as what IAM is asked for them, while it is switched on."""

    actions: set[Action] = field(default_factory=set)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with heard(self.actions.add):
            yield


@contextmanager
def heard(hear: Callable[[Action], None]) -> Iterator[None]:
    """Tell what IAM is asked for each call to AWS, before it is made.

    What a test does in the middle of a call, where it has put something in its way, is the test's:
    it is not told.
    """
    make = BaseClient._make_api_call
    below = local()

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if getattr(below, "a_call", False):
            return make(client, operation, arguments)
        for action in _asked(operation, arguments):
            hear(action)
        below.a_call = True
        try:
            return make(client, operation, arguments)
        finally:
            below.a_call = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield


@contextmanager
def dying_before(call: str) -> Iterator[None]:
    """Let the process die just before its first call of an operation on a table."""

    def die() -> None:
        raise Crash

    operation, table = call.split()
    with suppress(Crash), before(operation, table, die):
        yield


def _asked(operation: str, arguments: dict[str, Any]) -> Iterator[Action]:
    """Yield what IAM is asked: for a transaction or a batch, its parts."""
    if operation in NEEDS_NO_PERMISSION:
        return
    if operation == "TransactWriteItems":
        for item in arguments["TransactItems"]:
            for kind, write in item.items():
                yield from _asked(f"{kind}Item", write)
    elif operation == "BatchGetItem":
        yield from (_on_table(operation, table) for table in arguments["RequestItems"])
    elif "TableName" in arguments:
        index = arguments.get("IndexName")
        yield _on_table(operation, arguments["TableName"] + (f"/index/{index}" if index else ""))
    else:
        yield _beside_tables(operation, arguments)


def _beside_tables(operation: str, arguments: dict[str, Any]) -> Action:
    if operation in _NAMELESS:
        return Action(_NAMELESS[operation], "*")
    if "Bucket" in arguments:
        return _on_bucket(operation, arguments)
    for name, (service, of) in _NAMED.items():
        if name in arguments:
            return Action(f"{service}:{_ASKED_AS.get(operation, operation)}", of + arguments[name])
    queue = arguments.get("QueueName") or arguments["QueueUrl"].rpartition("/")[2]
    return Action(f"sqs:{operation}", f"arn:aws:sqs:{_IN_ACCOUNT}:{queue}")


def _on_bucket(operation: str, arguments: dict[str, Any]) -> Action:
    arn = f"arn:aws:s3:::{arguments['Bucket']}"
    if operation in _OF_BUCKETS:
        return Action(f"s3:{_OF_BUCKETS[operation]}", arn)
    return Action(f"s3:{_ASKED_AS.get(operation, operation)}", f"{arn}/{arguments['Key']}")


def _on_table(operation: str, table: str) -> Action:
    return Action(f"dynamodb:{operation}", f"arn:aws:dynamodb:{_IN_ACCOUNT}:table/{table}")
