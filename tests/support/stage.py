"""A healthy stage on moto, around a world: what the doctor asks AWS about, as the blueprint has it.

Moto has no recursion guard: a dictionary stands in for that one setting of Lambda.
"""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto.awslambda.models import LambdaBackend
from moto.dynamodb.models import dynamodb_backends

from chalicelib.functions.wiring.container import Container
from chalicelib.functions.wiring.doctor import doctor as made_doctor
from chalicelib.functions.wiring.doctor import rooms
from chalicelib.healing.doctor.blueprint import blueprint
from chalicelib.healing.doctor.catalogue import CHECKS
from chalicelib.healing.doctor.check import Look
from chalicelib.healing.doctor.cloud import Cloud
from chalicelib.healing.doctor.doctor import Doctor
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.scheduler.store import SweepLog
from infra import policy_files
from infra.permissions import CLASSES
from tests.support.world import MINUTE, World

_ACCOUNT = "123456789012"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass
class Stage:
    """A stage, and the doctor that looks at it."""

    world: World
    recursion: dict[str, str] = field(default_factory=dict)
    skew_seconds: float = 0.0
    date: Any = None

    def __post_init__(self) -> None:
        self.container = Container(
            settings=self.world.settings, clock=self.world.clock, random_bytes=os.urandom
        )

    def doctor(self) -> Doctor:
        return made_doctor(self.container)

    def rooms(self, owner: str = "main", minutes: float = 60) -> Rooms:
        return rooms(self.container, owner, self.world.clock.now() - minutes * MINUTE)

    def look(self, key: str, owner: str = "main") -> Look:
        """Return what one check sees."""
        (check,) = [check for check in CHECKS if check.key == key]
        return self.doctor().look(self.rooms(owner), check)


def client(service: str) -> Any:
    return _client(service)


@contextmanager
def a_stage(world: World) -> Iterator[Stage]:
    """Make what CloudFormation, Chalice and `infra.recursion` make beside a world's own stack."""
    for make in (_tables, _queues, _buckets, _roles, _functions, _rules):
        make()
    stage = Stage(world)
    wanted = blueprint().functions.values()
    stage.recursion |= {each.deployed: "Allow" for each in wanted if each.calls_itself}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", _with_recursion(stage))
        # Moto would run a function at once for each message, in Docker.
        patch.setattr(LambdaBackend, "send_sqs_batch", lambda *_args, **_named: False)
        patch.setattr(Cloud, "date", lambda _cloud: stage.date or _date(world.clock.now()))
        world.services.tick.run()
        SweepLog().record(world.clock.now(), {})
        yield stage


def _date(now: datetime) -> datetime:
    return now.replace(microsecond=0)


def _with_recursion(stage: Stage) -> Any:
    make = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if not operation.endswith("FunctionRecursionConfig"):
            return make(client, operation, arguments)
        name = arguments["FunctionName"]
        if operation.startswith("Put"):
            stage.recursion[name] = arguments["RecursiveLoop"]
        return {"RecursiveLoop": stage.recursion.get(name, "Terminate")}

    return call


@cache
def _client(service: str) -> Any:
    return boto3.client(service)


def _tables() -> None:
    for name, wanted in blueprint().tables.items():
        table = f"palyra-local-{name}"
        _client("dynamodb").update_table(TableName=table, DeletionProtectionEnabled=True)
        encrypt(table, is_on=True)
        _client("dynamodb").update_continuous_backups(
            TableName=table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        if wanted.ttl:
            _client("dynamodb").update_time_to_live(
                TableName=table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted.ttl},
            )


def encrypt(table: str, *, is_on: bool) -> None:
    """Set what moto takes when a table is made alone."""
    tables = dynamodb_backends[_ACCOUNT]["us-east-1"].tables
    tables[table].sse_specification = {"Enabled": is_on, "KMSMasterKeyId": "alias/aws/dynamodb"}


def _queues() -> None:
    for name, wanted in blueprint().queues.items():
        attributes = {
            "VisibilityTimeout": str(wanted.visibility_seconds),
            "MessageRetentionPeriod": str(wanted.retention_seconds),
        }
        if wanted.dead_letters:
            redrive = {
                "deadLetterTargetArn": queue_arn(wanted.dead_letters),
                "maxReceiveCount": wanted.most_receives,
            }
            attributes["RedrivePolicy"] = json.dumps(redrive)
        _client("sqs").set_queue_attributes(QueueUrl=queue_url(name), Attributes=attributes)


def queue_url(name: str) -> str:
    return str(_client("sqs").get_queue_url(QueueName=f"palyra-local-{name}")["QueueUrl"])


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:us-east-1:{_ACCOUNT}:palyra-local-{name}"


def bucket(name: str) -> str:
    return f"palyra-local-{_ACCOUNT}-us-east-1-{name}"


def _buckets() -> None:
    for name, is_versioned in blueprint().buckets.items():
        if is_versioned:
            _client("s3").put_bucket_versioning(
                Bucket=bucket(name), VersioningConfiguration={"Status": "Enabled"}
            )
        _client("s3").put_public_access_block(
            Bucket=bucket(name),
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )


def _roles() -> None:
    for of in CLASSES.values():
        for name in of.functions:
            role, document = f"palyra-local-{name}", policy_files.policy(of, "local")
            _client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(_TRUST))
            put_policy(role, document)


def put_policy(role: str, document: Any) -> None:
    _client("iam").put_role_policy(
        RoleName=role, PolicyName=role, PolicyDocument=json.dumps(document)
    )


def _functions() -> None:
    for name, wanted in blueprint().functions.items():
        make_function(name)
        if wanted.queue:
            _client("lambda").create_event_source_mapping(
                EventSourceArn=queue_arn(wanted.queue),
                FunctionName=wanted.deployed,
                BatchSize=1,
                ScalingConfig={"MaximumConcurrency": wanted.concurrency},
            )


def make_function(name: str, code: bytes = b"pass", **variables: str) -> None:
    wanted = blueprint().functions[name]
    _client("lambda").create_function(
        FunctionName=wanted.deployed,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{_ACCOUNT}:role/palyra-local-{name}",
        Handler="app.app",
        Code={"ZipFile": zipped(code)},
        Timeout=wanted.timeout,
        MemorySize=wanted.memory,
        Environment={"Variables": {"PALYRA_STAGE": "local"} | variables},
    )


@cache
def zipped(code: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    return made.getvalue()


def _rules() -> None:
    for name, wanted in blueprint().functions.items():
        if wanted.rate:
            _client("events").put_rule(
                Name=f"palyra-local-{name}-event", ScheduleExpression=wanted.rate
            )
