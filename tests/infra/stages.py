"""The resources of a stage, by the ARNs that IAM is asked about."""

from collections.abc import Iterator
from functools import cache

from app import app
from infra.grants import API, log_group
from infra.local.template import resources

_HERE = "us-east-1:123456789012"


@cache
def names_of(stage: str) -> tuple[str, ...]:
    """Return the ARN of each table, queue, log stream, bucket, function .. of a stage."""
    variables = {
        "${Stage}": stage,
        "${AWS::AccountId}": "123456789012",
        "${AWS::Region}": "us-east-1",
    }
    arns = list(_arns())
    for variable, value in variables.items():
        arns = [arn.replace(variable, value) for arn in arns]
    return tuple(arns)


def _arns() -> Iterator[str]:
    for each in resources().values():
        properties = each.get("Properties", {})
        if each["Type"] == "AWS::DynamoDB::Table":
            table = f"arn:aws:dynamodb:{_HERE}:table/{properties['TableName']}"
            yield table
            for index in properties.get("GlobalSecondaryIndexes", ()):
                yield f"{table}/index/{index['IndexName']}"
        elif each["Type"] == "AWS::SQS::Queue":
            yield f"arn:aws:sqs:{_HERE}:{properties['QueueName']}"
        elif each["Type"] == "AWS::S3::Bucket":
            bucket = f"arn:aws:s3:::{properties['BucketName']}"
            yield from (bucket, f"{bucket}/a/key")
    pure = [function.name for function in app.pure_lambda_functions]
    for function in pure:
        yield f"arn:aws:lambda:{_HERE}:function:palyra-${{Stage}}-{function}"
    for function in (API, *(source.name for source in app.event_sources), *pure):
        group = log_group(function).replace("{stage}", "${Stage}")
        yield f"arn:aws:logs:{_HERE}:log-group:{group}:log-stream:2026/11/22/[$LATEST]a"
        yield f"arn:aws:lambda:{_HERE}:function:{group.removeprefix('/aws/lambda/')}"
        yield f"arn:aws:events:{_HERE}:rule/palyra-${{Stage}}-{function}-event"
        yield f"arn:aws:iam::123456789012:role/palyra-${{Stage}}-{function}"
