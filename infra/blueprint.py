"""What the doctor holds a stage against, baked into the package: `python -m infra.blueprint`.

The template, Chalice's configuration, the permissions and the triggers of app.py say how a stage is
to be. Functions have none of these files with them, so what of them can be seen in a running stage
is written into one; the tests refuse a commit in which it is not current.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalice.app import ScheduledEventConfig, SQSEventConfig

from app import app
from chalicelib.settings import resource
from infra import policy_files
from infra.grants import API
from infra.local import template
from infra.permissions import CLASSES

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "chalicelib" / "healing" / "doctor" / "blueprint.json"
_OURS = "palyra-${Stage}-"
_PLACE = "{stage}"


def blueprint() -> dict[str, Any]:
    """Return how a stage is to be, with names that lack the stage."""
    return {
        "tables": dict(_tables()),
        "queues": dict(_queues()),
        "keys": dict(_keys()),
        "buckets": dict(_buckets()),
        "functions": dict(_functions()),
        "tzdata": _pinned("tzdata"),
    }


def text() -> str:
    """Return what the file has to say."""
    return json.dumps(blueprint(), indent=1, sort_keys=True) + "\n"


def policy_digest(document: Mapping[str, Any]) -> str:
    """Return the digest of a policy whose names lack the stage; the doctor makes the same."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _tables() -> Iterator[tuple[str, Any]]:
    for properties in _of_type("AWS::DynamoDB::Table"):
        types = {
            each["AttributeName"]: each["AttributeType"]
            for each in properties["AttributeDefinitions"]
        }
        ttl = properties.get("TimeToLiveSpecification")
        yield (
            _bare(properties["TableName"]),
            {
                "keys": _key_schema(properties["KeySchema"], types),
                "indexes": {
                    each["IndexName"]: {
                        "keys": _key_schema(each["KeySchema"], types),
                        "projection": each["Projection"]["ProjectionType"],
                        "attributes": sorted(each["Projection"].get("NonKeyAttributes", ())),
                    }
                    for each in properties.get("GlobalSecondaryIndexes", ())
                },
                "ttl": ttl["AttributeName"] if ttl and ttl["Enabled"] else None,
            },
        )


def _key_schema(keys: list[dict[str, str]], types: Mapping[str, str]) -> list[str]:
    """Return keys as `pk:S`, the partition first."""
    ordered = sorted(keys, key=lambda each: each["KeyType"])
    return [f"{each['AttributeName']}:{types[each['AttributeName']]}" for each in ordered]


def _queues() -> Iterator[tuple[str, Any]]:
    resources = template.resources()
    for properties in _of_type("AWS::SQS::Queue"):
        redrive = properties.get("RedrivePolicy")
        dead: str | None = None
        if redrive:
            letters = resources[redrive["deadLetterTargetArn"].partition(".")[0]]
            dead = _bare(letters["Properties"]["QueueName"])
        yield (
            _bare(properties["QueueName"]),
            {
                "visibility_seconds": properties["VisibilityTimeout"],
                "retention_seconds": properties["MessageRetentionPeriod"],
                "dead_letters": dead,
                "most_receives": redrive["maxReceiveCount"] if redrive else None,
            },
        )


def _keys() -> Iterator[tuple[str, Any]]:
    resources = template.resources()
    for alias in _of_type("AWS::KMS::Alias"):
        key = resources[alias["TargetKeyId"]]["Properties"]
        name = _bare(alias["AliasName"].removeprefix("alias/"))
        yield name, {"spec": key["KeySpec"], "usage": key["KeyUsage"]}


def _buckets() -> Iterator[tuple[str, Any]]:
    for properties in _of_type("AWS::S3::Bucket"):
        name = properties["BucketName"].rpartition("-")[2]
        versioning = properties.get("VersioningConfiguration", {})
        yield name, {"is_versioned": versioning.get("Status") == "Enabled"}


def _functions() -> Iterator[tuple[str, Any]]:
    config = json.loads((policy_files.CHALICE / "config.json").read_text())
    policies = {
        name: policy_digest(policy_files.policy(of, _PLACE))
        for of in CLASSES.values()
        for name in of.functions
    }
    triggers = dict(_triggers())
    for name, own in config["lambda_functions"].items():
        yield (
            name,
            {
                "suffix": "" if name == API else f"-{name}",
                "timeout": own.get("lambda_timeout", config["lambda_timeout"]),
                "memory": own.get("lambda_memory_size", config["lambda_memory_size"]),
                "reserved": own.get("reserved_concurrency", config.get("reserved_concurrency")),
                "policy": policies[name],
                "calls_itself": name.startswith("worker_"),
                **triggers.get(name, {"rate": None, "queue": None, "concurrency": None}),
            },
        )


def _triggers() -> Iterator[tuple[str, Any]]:
    for source in app.event_sources:
        if isinstance(source, ScheduledEventConfig):
            rate = source.schedule_expression
            told = rate if isinstance(rate, str) else rate.to_string()
            yield source.name, {"rate": told, "queue": None, "concurrency": None}
        elif isinstance(source, SQSEventConfig):
            queue = str(source.queue).removeprefix(resource(""))
            most = source.maximum_concurrency
            yield source.name, {"rate": None, "queue": queue, "concurrency": most}


def _pinned(package: str) -> str:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{package}==")]
    return line.partition("==")[2].strip()


def _of_type(kind: str) -> list[Any]:
    made = template.resources().values()
    # What has a condition is no part of every stage, and cannot be missing.
    always = (each for each in made if each["Type"] == kind and "Condition" not in each)
    return [each["Properties"] for each in always]


def _bare(name: str) -> str:
    return name.removeprefix(_OURS)


def main() -> int:
    """Write the file where it is not current."""
    wanted = text()
    is_current = FILE.exists() and FILE.read_text() == wanted
    if not is_current:
        FILE.write_text(wanted)
    shown = FILE.relative_to(ROOT)
    print(f"{shown} {'is current' if is_current else 'was written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
