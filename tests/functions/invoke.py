"""The functions as Lambda calls them: events in the shape of EventBridge and SQS, and a context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from chalicelib.background.queue import encode
from chalicelib.background.task import TaskRef
from chalicelib.functions import dead_letters, queues, schedules, seals, sweeps
from tests.permissions.policies import acting_as


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "3c1e7a9e-request"
    function_name: str = "palyra-local-function"


@dataclass(frozen=True)
class HurriedContext(Context):
    """A context that knows, as Lambda's does, how much time is left."""

    remaining_ms: int = 300_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


def cron_tick() -> Any:
    with acting_as("tick"):
        return schedules.cron_tick(_a_minute("cron_tick"), Context())


def sweep(context: Context | None = None) -> Any:
    with acting_as("sweep"):
        return sweeps.sweep(_a_minute("sweep"), context or Context())


def journal_seal() -> Any:
    with acting_as("seal"):
        return seals.journal_seal(_a_minute("journal_seal"), Context())


def worker_high(*bodies: str) -> Any:
    with acting_as("worker"):
        return queues.worker_high(_records("high", bodies), Context())


def worker_normal(*bodies: str, context: Context | None = None) -> Any:
    with acting_as("worker"):
        return queues.worker_normal(_records("normal", bodies), context or Context())


def worker_low(*bodies: str) -> Any:
    with acting_as("worker"):
        return queues.worker_low(_records("low", bodies), Context())


def dead_letter_high(*bodies: str) -> Any:
    with acting_as("dead-letter"):
        return dead_letters.dead_letter_high(_records("high-dlq", bodies), Context())


def dead_letter_normal(*bodies: str) -> Any:
    with acting_as("dead-letter"):
        return dead_letters.dead_letter_normal(_records("normal-dlq", bodies), Context())


def dead_letter_low(*bodies: str) -> Any:
    with acting_as("dead-letter"):
        return dead_letters.dead_letter_low(_records("low-dlq", bodies), Context())


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


def _records(queue: str, bodies: Sequence[str]) -> dict[str, Any]:
    return {"Records": [_record(queue, body, number) for number, body in enumerate(bodies)]}


def _record(queue: str, body: str, number: int) -> dict[str, Any]:
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012}",
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
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:palyra-local-{queue}",
        "awsRegion": "us-east-1",
    }
