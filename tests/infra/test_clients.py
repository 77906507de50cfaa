import ast
from pathlib import Path

import pytest
from botocore.config import Config

from infra.local import clients
from infra.local.place import CHECKOUT
from tests.infra.conftest import Emulator

ELSEWHERE = {"infra/edge.py", "infra/gateway.py", "infra/recursion.py"}  # Of a real account.
# There the emulator is moto, in this process: it answers for AWS's own endpoints, which
# localstack-client's clients never call.
ON_MOTO = (
    "tests/access",
    "tests/background",
    "tests/cli/test_journal_export.py",
    "tests/functions",
    "tests/infra/test_edge.py",
    "tests/journal",
    "tests/nodes/authority",
    "tests/nodes/pairing/test_secrets.py",
    "tests/redaction",
    "tests/scheduler",
    "tests/simulation/test_on_moto.py",
    "tests/support",
    "tests/test_permissions.py",
)


@pytest.mark.parametrize("service", ["dynamodb", "lambda", "apigateway", "sts", "s3", "logs"])
def test_a_client_calls_the_emulator_and_nobody_else(service: str) -> None:
    made = clients.client(service, "http://127.0.0.1:4999")

    assert made.meta.endpoint_url == "http://127.0.0.1:4999"
    assert made.meta.region_name == "us-east-1"


def test_without_an_endpoint_it_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4998")

    assert clients.client("sqs").meta.endpoint_url == "http://127.0.0.1:4998"
    assert clients.client("sqs", "http://127.0.0.1:4998") is not None
    assert clients.resource("s3").meta.client.meta.endpoint_url == "http://127.0.0.1:4998"


def test_an_endpoint_beside_another_of_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4998")

    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1:4999 was asked for"):
        clients.client("sqs", "http://127.0.0.1:4999")


def test_options_are_those_of_boto3() -> None:
    made = clients.client("sqs", "http://127.0.0.1:4999", config=Config(read_timeout=3))

    assert made.meta.config.read_timeout == 3


def test_what_is_made_does_work(bridged: Emulator) -> None:
    dynamodb = clients.resource("dynamodb", bridged.url)
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    table = dynamodb.create_table(
        TableName="clients",
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(Item={"pk": "1"})

    assert clients.client("dynamodb", bridged.url).scan(TableName="clients")["Count"] == 1
    table.delete()


def test_every_client_of_an_emulator_is_made_here() -> None:
    files = [path for root in ("infra", "tests") for path in (CHECKOUT / root).rglob("*.py")]
    making = {str(path.relative_to(CHECKOUT)) for path in files if makes_clients(path)}

    assert making <= {name for name in making if name.startswith(ON_MOTO)} | ELSEWHERE


def makes_clients(path: Path) -> bool:
    """Return whether a module makes clients by boto3 itself."""
    nodes = ast.walk(ast.parse(path.read_text()))
    called = (node.func for node in nodes if isinstance(node, ast.Call))
    return any(
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "boto3"
        for function in called
    )
