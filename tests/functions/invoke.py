"""The functions as Lambda calls them: events in the shape of EventBridge and SQS, and a context."""

from dataclasses import dataclass
from typing import Any

import boto3

from chalicelib.background.queue import encode
from chalicelib.background.task import TaskRef
from chalicelib.functions import queues, schedules, sweeps


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "3c1e7a9e-request"
    function_name: str = "palyra-local-function"


def cron_tick() -> Any:
    return schedules.cron_tick(_a_minute("cron_tick"), Context())


def sweep() -> Any:
    return sweeps.sweep(_a_minute("sweep"), Context())


def worker_normal(*bodies: str) -> Any:
    return queues.worker_normal({"Records": [_record(body) for body in bodies]}, Context())


def message(ref: TaskRef) -> str:
    return encode(ref)


def delivered() -> list[str]:
    """Take the messages whose delay is over from the lane, as SQS hands them to a worker."""
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName="palyra-local-normal")["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def _a_minute(rule: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:123456789012:rule/palyra-local-{rule}-event"],
        "detail": {},
    }


def _record(body: str) -> dict[str, Any]:
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1795348800000",
            "SenderId": "123456789012",
            "ApproximateFirstReceiveTimestamp": "1795348800001",
        },
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:palyra-local-normal",
        "awsRegion": "us-east-1",
    }
