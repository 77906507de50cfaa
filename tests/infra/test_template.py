import json
from typing import Any

import pytest

from chalicelib.background import payloads
from chalicelib.background.task import Lane
from chalicelib.journal.details import LARGEST_BYTES
from chalicelib.settings import Settings
from infra.local.place import CHECKOUT
from infra.local.template import TableSettings, resources, table_settings

EXPIRING = {
    *("ApprovalsTable", "WorkTable", "RunsTable", "NodesTable"),
    *("HeartbeatsTable", "AccessTable", "SystemTable"),
}
ON = {"PointInTimeRecoveryEnabled": True}
each_lane = pytest.mark.parametrize("lane", list(Lane))


def of_type(kind: str) -> list[dict[str, Any]]:
    return [each for each in resources().values() if each["Type"] == kind]


def test_tables_keep_what_they_hold() -> None:
    tables = of_type("AWS::DynamoDB::Table")

    assert len(tables) == 11
    for table in tables:
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
        assert table["Properties"]["DeletionProtectionEnabled"]
        assert table["Properties"]["SSESpecification"]["SSEEnabled"]
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_what_is_set_by_api_is_read_from_the_template() -> None:
    settings = list(table_settings())

    assert {each.resource for each in settings if each.ttl} == EXPIRING
    assert all(each.recovery == ON for each in settings)
    assert settings[0] == TableSettings("JobsTable", None, ON)


@each_lane
def test_a_message_is_hidden_for_six_timeouts_of_its_worker(lane: str) -> None:
    queue = queues()[f"palyra-${{Stage}}-{lane}"]
    assert queue["VisibilityTimeout"] >= 6 * timeout_of(f"worker_{lane}")


@each_lane
def test_a_dead_letter_is_hidden_for_six_timeouts_of_its_function(lane: str) -> None:
    queue = queues()[f"palyra-${{Stage}}-{lane}-dlq"]
    assert queue["VisibilityTimeout"] >= 6 * timeout_of(f"dead_letter_{lane}")


@each_lane
def test_what_nobody_takes_goes_to_the_dead_letters_of_its_own_lane(lane: str) -> None:
    redrive = queues()[f"palyra-${{Stage}}-{lane}"]["RedrivePolicy"]
    assert redrive == {
        "deadLetterTargetArn": f"{lane.title()}DeadLetters.Arn",
        "maxReceiveCount": 10,
    }
    dead = resources()[f"{lane.title()}DeadLetters"]["Properties"]
    assert dead["QueueName"] == f"palyra-${{Stage}}-{lane}-dlq"


@each_lane
def test_messages_rest_longest_where_a_person_has_to_look(lane: str) -> None:
    alive, dead = (queues()[f"palyra-${{Stage}}-{lane}{of}"] for of in ("", "-dlq"))
    assert dead["MessageRetentionPeriod"] > alive["MessageRetentionPeriod"]


def test_there_is_a_queue_and_its_dead_letters_for_each_lane_and_no_other() -> None:
    lanes = [str(lane) for lane in Lane]
    wanted = [f"palyra-${{Stage}}-{lane}{of}" for lane in lanes for of in ("", "-dlq")]
    assert sorted(queues()) == sorted(wanted)
    assert all(queue["SqsManagedSseEnabled"] for queue in queues().values())


def test_buckets_outlive_the_stack() -> None:
    buckets = of_type("AWS::S3::Bucket")
    assert len(buckets) == 3
    for bucket in buckets:
        assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"


def test_nobody_but_the_account_sees_a_payload() -> None:
    bucket = resources()["PayloadBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (statement,) = resources()["PayloadBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_payloads_expire_with_the_ledger_and_keep_no_versions() -> None:
    bucket = resources()["PayloadBucket"]["Properties"]
    expiry, uploads = bucket["LifecycleConfiguration"]["Rules"]
    assert expiry["ExpirationInDays"] == Settings().ledger_retention_days
    # Events of the journal are there because they are larger, and are kept.
    assert int(expiry["ObjectSizeLessThan"]) == payloads.LARGEST_BYTES + 1 == LARGEST_BYTES + 1
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "VersioningConfiguration" not in bucket


def test_copies_of_seals_keep_their_versions_for_ever() -> None:
    bucket = resources()["SealBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert "LifecycleConfiguration" not in bucket


def test_only_the_sealer_signs() -> None:
    key = resources()["SealKey"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    _, denied = key["Properties"]["KeyPolicy"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "kms:Sign")
    (role,) = denied["Condition"]["ArnNotLike"].values()
    assert role.endswith("role/palyra-${Stage}-journal_seal")


@pytest.mark.parametrize("slot", ["A", "B"])
def test_only_the_issuer_signs_certificates(slot: str) -> None:
    key = resources()[f"NodesKey{slot}"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["KeySpec"] == "ECC_NIST_P256"
    assert key["Properties"]["KeyUsage"] == "SIGN_VERIFY"
    _, denied = key["Properties"]["KeyPolicy"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "kms:Sign")
    (role,) = denied["Condition"]["ArnNotLike"].values()
    assert role.endswith("role/palyra-${Stage}-node_issuer")


def test_the_truststore_keeps_its_versions() -> None:
    bucket = resources()["TrustBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_sparse_indexes_carry_keys_alone() -> None:
    tables = {name: each["Properties"] for name, each in resources().items()}
    for name, index, keys in (
        ("IncidentsTable", "active", ["active_owner", "active_at"]),
        ("HeartbeatsTable", "stale", ["stale_shard", "updated_at"]),
        ("ApprovalsTable", "pending", ["pending_shard", "wake_at"]),
        ("ApprovalsTable", "listed", ["listed_owner", "listed_at"]),
    ):
        indexes = {each["IndexName"]: each for each in tables[name]["GlobalSecondaryIndexes"]}
        made = indexes[index]
        assert [key["AttributeName"] for key in made["KeySchema"]] == keys
        assert made["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def queues() -> dict[str, dict[str, Any]]:
    made = (each["Properties"] for each in of_type("AWS::SQS::Queue"))
    return {properties["QueueName"]: properties for properties in made}


def timeout_of(function: str) -> int:
    config = json.loads((CHECKOUT / ".chalice" / "config.json").read_text())
    timeout: int = config["lambda_functions"][function].get(
        "lambda_timeout", config["lambda_timeout"]
    )
    return timeout
