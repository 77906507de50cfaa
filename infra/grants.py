"""The words of the permissions table: what a class of functions may do on one kind of resource.

A name stands for the stage's own resource of that name, and for no other stage's: account and
region are left open, since the files are the same wherever a stage is deployed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

API = "api_handler"
# The names of buckets are the world's, and Palyra's hold the account: no other account's is meant.
_OUR_ACCOUNT = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}


class Grant(NamedTuple):
    """Actions on resources.

    Attributes:
        sid: the statement's name; letters and digits.
        resources: ARNs, in which `{stage}` stands for the stage.
        actions: what is done, and why, by the action's whole name.
        condition: what must hold too; `{stage}` stands for the stage here, too.
    """

    sid: str
    resources: tuple[str, ...]
    actions: Mapping[str, str]
    condition: Mapping[str, Any] | None = None


class FunctionClass(NamedTuple):
    """Functions that do the same, each with a role of its own, and what these roles allow.

    Attributes:
        functions: their names in Chalice's configuration.
        grants: what they may do besides writing their logs.
    """

    functions: tuple[str, ...]
    grants: tuple[Grant, ...]


def table(name: str, **why: str) -> Grant:
    """Grant actions on a table's items."""
    arn = f"arn:aws:dynamodb:*:*:table/palyra-{{stage}}-{name}"
    return Grant(f"{name.title()}Table", (arn,), _of("dynamodb", why))


def index(name: str, of: str, **why: str) -> Grant:
    """Grant actions on an index of a table, which is not the table."""
    arn = f"arn:aws:dynamodb:*:*:table/palyra-{{stage}}-{of}/index/{name}"
    return Grant(f"{of.title()}{name.title()}Index", (arn,), _of("dynamodb", why))


def queues(sid: str, *names: str, **why: str) -> Grant:
    """Grant actions on queues."""
    arns = tuple(f"arn:aws:sqs:*:*:palyra-{{stage}}-{name}" for name in names)
    return Grant(sid, arns, _of("sqs", why))


def objects(bucket: str, **why: str) -> Grant:
    """Grant actions on the objects of a bucket of this account."""
    arn = f"arn:aws:s3:::palyra-{{stage}}-*-{bucket}/*"
    return Grant(bucket.title(), (arn,), _of("s3", why), _OUR_ACCOUNT)


def listing(bucket: str, **why: str) -> Grant:
    """Grant actions on a bucket of this account itself, such as listing it."""
    arn = f"arn:aws:s3:::palyra-{{stage}}-*-{bucket}"
    return Grant(f"{bucket.title()}Bucket", (arn,), _of("s3", why), _OUR_ACCOUNT)


def tables(**why: str) -> Grant:
    """Grant actions on every table itself, such as describing it."""
    arn = "arn:aws:dynamodb:*:*:table/palyra-{stage}-*"
    return Grant("Tables", (arn,), _of("dynamodb", why))


def functions(sid: str, *names: str, **why: str) -> Grant:
    """Grant actions on functions by what their names have behind the stage's; `*` for all."""
    arn = "arn:aws:lambda:*:*:function:palyra-{stage}"
    arns = tuple(f"{arn}-{name}" for name in names)
    return Grant(sid, (arn, *arns) if "*" in names else arns, _of("lambda", why))


def mappings(**why: str) -> Grant:
    """Grant actions on event source mappings, which have no names; for those that only list."""
    return Grant("Mappings", ("*",), _of("lambda", why))


def rules(**why: str) -> Grant:
    """Grant actions on the rules of schedules."""
    return Grant("Rules", ("arn:aws:events:*:*:rule/palyra-{stage}-*",), _of("events", why))


def roles(**why: str) -> Grant:
    """Grant actions on the roles of functions."""
    return Grant("Roles", ("arn:aws:iam::*:role/palyra-{stage}-*",), _of("iam", why))


def metrics(**why: str) -> Grant:
    """Grant actions on metrics, which have no names that a policy knows; for those that read."""
    return Grant("Metrics", ("*",), _of("cloudwatch", why))


def key(name: str, **why: str) -> Grant:
    """Grant actions on a key of this account, asked for by its alias and by nothing else."""
    alias = {"kms:RequestAlias": f"alias/palyra-{{stage}}-{name}"}
    condition = {"StringEquals": alias | _OUR_ACCOUNT["StringEquals"]}
    return Grant(
        f"{name.title().replace('-', '')}Key",
        ("arn:aws:kms:*:*:key/*",),
        _of("kms", why),
        condition,
    )


def logs(functions: tuple[str, ...]) -> Grant:
    """Grant what Lambda does in a function's name; the groups come from the template."""
    groups = tuple(f"arn:aws:logs:*:*:log-group:{log_group(name)}:*" for name in functions)
    why = "Lambda keeps what a function prints"
    return Grant("Logs", groups, _of("logs", {"CreateLogStream": why, "PutLogEvents": why}))


def log_group(function: str) -> str:
    """Return the log group of a function; Chalice gives the API's the bare name of the stage."""
    return "/aws/lambda/palyra-{stage}" + ("" if function == API else f"-{function}")


def _of(service: str, why: Mapping[str, str]) -> dict[str, str]:
    return {f"{service}:{action}": reason for action, reason in why.items()}
