"""What an emulator lacks, and what AWS refuses to tell, is never taken for good."""

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.functions.wiring.doctor import cloud
from chalicelib.healing.doctor.catalogue import CHECKS
from chalicelib.healing.doctor.check import Verdict
from chalicelib.healing.doctor.cloud import Cloud
from tests.healing.doctor import plants
from tests.support.stage import Stage, client

DATE = Cloud.date  # Tests of stages replace it.
LACKING = {"tables.encryption", "functions.policies", "functions.errors", "buckets.attributes"}


def answering(monkeypatch: pytest.MonkeyPatch, error: Exception, operation: str) -> None:
    make = BaseClient._make_api_call

    def call(client: Any, asked: str, arguments: dict[str, Any]) -> Any:
        if asked == operation:
            raise error
        return make(client, asked, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def test_what_a_local_cloud_lacks_is_not_known_there(stage: Stage) -> None:
    cloud(stage.container).is_local = True
    looks = {check.key: stage.look(check.key) for check in CHECKS}
    unknown = {key for key, look in looks.items() if look.verdict is Verdict.UNKNOWN}
    assert unknown == LACKING
    assert all("not known here" in looks[key].seen for key in LACKING)
    assert {looks[key].verdict for key in looks.keys() - LACKING} == {Verdict.OK}


def test_what_is_wrong_on_a_local_cloud_is_told_all_the_same(stage: Stage) -> None:
    cloud(stage.container).is_local = True
    plants.no_versions(stage)
    assert stage.look("buckets.attributes").verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("AccessDeniedException", "the doctor may not ask: lambda get_function_concurrency"),
        ("InvalidAction", "not known here: no lambda get_function_concurrency in this cloud"),
        ("ServiceException", "nobody can say"),
    ],
)
def test_what_cannot_be_asked_is_not_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, code: str, told: str
) -> None:
    answering(monkeypatch, refusal(code), "GetFunctionConcurrency")
    look = stage.look("functions.concurrency")
    assert (look.verdict, told in look.seen) == (Verdict.UNKNOWN, True), look


def test_nobody_who_answers_is_not_known(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, EndpointConnectionError(endpoint_url="http://x"), "DescribeTable")
    assert stage.look("tables.schema").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("key", "operation", "code", "told"),
    [
        ("tables.schema", "DescribeTable", "ResourceNotFoundException", "it is missing"),
        ("queues.attributes", "GetQueueUrl", "QueueDoesNotExist", "it is missing"),
        ("functions.deployed", "GetFunctionConfiguration", "ResourceNotFoundException", "missing"),
        ("functions.policies", "GetRolePolicy", "NoSuchEntity", "is missing"),
        ("functions.triggers", "DescribeRule", "ResourceNotFoundException", "is missing"),
        ("keys.usable", "DescribeKey", "NotFoundException", "there is no such key"),
        ("buckets.attributes", "GetBucketVersioning", "NoSuchBucket", "it is missing"),
        (
            "buckets.attributes",
            "GetPublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            "it is not closed to the public",
        ),
    ],
)
def test_what_is_missing_has_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, key: str, operation: str, code: str, told: str
) -> None:
    answering(monkeypatch, refusal(code), operation)
    look = stage.look(key)
    assert (look.verdict, told in look.seen) == (Verdict.FAILED, True), look


def test_a_date_that_no_answer_says_is_not_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cloud, "date", DATE)
    answer: dict[str, Any] = {"ResponseMetadata": {"HTTPHeaders": {}}}
    monkeypatch.setattr(Cloud, "ask", lambda *_asked, **_named: answer)
    look = stage.look("clocks.skew")
    assert (look.verdict, look.seen) == (Verdict.UNKNOWN, "the answer of STS says no date")


def test_no_value_of_a_setting_and_no_secret_is_ever_shown(stage: Stage) -> None:
    token = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    client("lambda").update_function_configuration(
        FunctionName="palyra-local-sweep",
        Environment={"Variables": {"PALYRA_STAGE": "local", "PALYRA_SECRET": token}},
    )
    look = stage.look("settings.agree")
    assert "PALYRA_SECRET" in look.seen
    assert token not in f"{look}"
