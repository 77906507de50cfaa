"""The stack of the template on moto: tables, queues, buckets and keys.

It is made once in a process. Tables and keys of later worlds are copies of the first ones: to make
them by calls takes longer than most tests, an RSA key alone a tenth of a second.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import boto3
from moto.dynamodb.models import dynamodb_backends
from moto.kms.models import kms_backends

from infra.local import template

# What CloudFormation puts into names; account and region are moto's.
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_COPIED: Mapping[str, Any] = {"dynamodb": dynamodb_backends, "kms": kms_backends}
_VARIABLES = {"${Stage}": "local", "${AWS::AccountId}": _ACCOUNT, "${AWS::Region}": _REGION}


def make() -> None:
    """Make the stack, in a moto that has nothing yet."""
    for service, state in _first().items():
        _state(service).update(deepcopy(state))
    for queue in _names("AWS::SQS::Queue", "QueueName"):
        client("sqs").create_queue(QueueName=queue)
    for bucket in _names("AWS::S3::Bucket", "BucketName"):
        client("s3").create_bucket(Bucket=bucket)


@cache
def client(service: str) -> Any:
    """Return a client; making one takes longer than most tests."""
    return boto3.client(service)


@cache
def tables() -> list[dict[str, Any]]:
    """Return what `create_table` is told of each table."""
    return list(_read_tables())


@cache
def _first() -> Mapping[str, dict[str, Any]]:
    """Return what moto knows once tables and keys are made."""
    for table in tables():
        client("dynamodb").create_table(BillingMode="PAY_PER_REQUEST", **table)
    for alias, shape in _keys().items():
        key = client("kms").create_key(**shape)["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    return {service: deepcopy(_state(service)) for service in _COPIED}


def _state(service: str) -> dict[str, Any]:
    state: dict[str, Any] = vars(_COPIED[service][_ACCOUNT][_REGION])
    return state


def _read_tables() -> Iterator[dict[str, Any]]:
    for made in template.resources().values():
        if made["Type"] == "AWS::DynamoDB::Table":
            properties = made["Properties"]
            shape = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
            table = {name: properties[name] for name in shape if name in properties}
            yield table | {"TableName": _named(properties["TableName"])}


@cache
def _names(kind: str, name: str) -> list[str]:
    made = template.resources().values()
    return [_named(each["Properties"][name]) for each in made if each["Type"] == kind]


def _keys() -> dict[str, dict[str, str]]:
    """Return the shape of each key by its alias."""
    resources = template.resources()
    found = [made["Properties"] for made in resources.values() if made["Type"] == "AWS::KMS::Alias"]
    keys = {_named(each["AliasName"]): each["TargetKeyId"] for each in found}
    return {
        alias: {name: resources[key]["Properties"][name] for name in ("KeySpec", "KeyUsage")}
        for alias, key in keys.items()
    }


def _named(name: str) -> str:
    for variable, value in _VARIABLES.items():
        name = name.replace(variable, value)
    return name
