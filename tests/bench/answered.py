"""AWS that answers at once: botocore's own clients, whose requests never leave the process.

They are validated, serialized, signed, answered by the simulated AWS, and parsed, as on Lambda. So
what is measured is all that our processor does, and nothing that a network or a table does.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.session import get_session
from pynamodb.connection.base import Connection

import chalicelib.aws
from tests.bench.simulated import Cloud

_REGION = "us-east-1"

type Answer = Callable[[str, dict[str, Any]], Mapping[str, Any]]


@contextmanager
def clients(cloud: Cloud) -> Iterator[None]:
    """Let PynamoDB, and what asks for other services, have botocore's clients while it lasts."""
    made = {
        "dynamodb": _client("dynamodb", cloud.dynamo.call),
        "sqs": _client("sqs", _sqs(cloud)),
        "kms": _client("kms", _kms(cloud)),
    }
    with (
        patch.object(Connection, "client", made["dynamodb"]),
        patch.object(chalicelib.aws, "client", made.__getitem__),
    ):
        yield


def _client(service: str, answer: Answer) -> Any:
    def respond(request: Any, **_: Any) -> AWSResponse:
        _, _, operation = request.headers["X-Amz-Target"].decode().rpartition(".")
        content = json.dumps(answer(operation, json.loads(request.body))).encode()
        raw: Any = SimpleNamespace(stream=lambda **_: iter([content]), read=BytesIO(content).read)
        return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, raw)

    client = get_session().create_client(service, region_name=_REGION)
    client.meta.events.register(f"before-send.{service}", respond)
    return client


def _sqs(cloud: Cloud) -> Answer:
    def answer(operation: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        if operation == "GetQueueUrl":
            return {"QueueUrl": f"https://queue.amazonaws.com/1/{arguments['QueueName']}"}
        if operation != "SendMessage":
            raise NotImplementedError(operation)
        lane = arguments["QueueUrl"].rpartition("-")[2]
        cloud.queues.send(lane, arguments["MessageBody"], arguments["DelaySeconds"])
        return {"MessageId": str(cloud.queues.sent)}

    return answer


def _kms(cloud: Cloud) -> Answer:
    kms = cloud.client("kms")
    operations = {"Decrypt": kms.decrypt, "GenerateDataKey": kms.generate_data_key}

    def answer(operation: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        sent = dict(arguments)
        if "CiphertextBlob" in sent:
            sent["CiphertextBlob"] = base64.b64decode(sent["CiphertextBlob"])
        told = operations[operation](**sent)
        return {name: base64.b64encode(content).decode() for name, content in told.items()}

    return answer
