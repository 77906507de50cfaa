"""What stands before the API on AWS: domains, the nodes' truststore, and no other door."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.nodes.authority import truststore
from infra.edge import BURST, PER_SECOND, StillOpen, close
from infra.gateway import Api
from infra.local.place import CHECKOUT
from infra.local.template import resources

EDGE = CHECKOUT / "infra" / "edge.yaml"


@pytest.fixture
def gateway() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("apigateway")


@pytest.fixture
def api(gateway: Any) -> Api:
    made = gateway.create_rest_api(name="palyra")["id"]
    root = gateway.get_resources(restApiId=made)["items"][0]["id"]
    where = {"restApiId": made, "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK")
    gateway.create_deployment(restApiId=made, stageName="api")
    return Api(made, "api")


def test_only_the_domain_of_nodes_asks_for_certificates() -> None:
    names = {
        name: each["Properties"]
        for name, each in resources(EDGE).items()
        if each["Type"] == "AWS::ApiGateway::DomainName"
    }
    assert {name for name, each in names.items() if "MutualTlsAuthentication" in each} == {
        "NodesName"
    }
    assert all(each["SecurityPolicy"] == "TLS_1_2" for each in names.values())


def test_the_truststore_is_the_one_that_the_issuer_writes() -> None:
    trust = resources(EDGE)["NodesName"]["Properties"]["MutualTlsAuthentication"]
    bucket = resources()["TrustBucket"]["Properties"]["BucketName"]
    assert trust["TruststoreUri"] == f"s3://{bucket}/{truststore.KEY}"
    assert bucket.endswith(f"-{truststore.BUCKET}")
    assert trust["TruststoreVersion"] == "TruststoreVersion"


def test_the_api_answers_by_its_domains_alone(gateway: Any, api: Api) -> None:
    for _ in range(2):  # After each deploy, again.
        close(api, gateway)
    assert gateway.get_rest_api(restApiId=api.id)["disableExecuteApiEndpoint"] is True
    settings = gateway.get_stage(restApiId=api.id, stageName="api")["methodSettings"]["*/*"]
    assert settings["throttlingRateLimit"] == PER_SECOND
    assert settings["throttlingBurstLimit"] == BURST


def test_an_api_that_is_not_there_is_told(gateway: Any) -> None:
    with pytest.raises(StillOpen, match="Allow the deployer"):
        close(Api("nothing", "api"), gateway)


def test_an_address_that_goes_on_to_answer_is_told(gateway: Any, api: Api) -> None:
    class Deaf:
        def __getattr__(self, name: str) -> Any:
            return (lambda **_: {}) if name == "update_rest_api" else getattr(gateway, name)

    with pytest.raises(StillOpen, match="own address"):
        close(api, Deaf())
