import json
from typing import Any

from infra.local.place import CHECKOUT
from infra.local.template import TableSettings, resources, table_settings

EXPIRING = {"WorkTable", "RunsTable", "AccessTable", "SystemTable"}
ON = {"PointInTimeRecoveryEnabled": True}


def of_type(kind: str) -> list[dict[str, Any]]:
    return [each for each in resources().values() if each["Type"] == kind]


def test_tables_keep_what_they_hold() -> None:
    tables = of_type("AWS::DynamoDB::Table")

    assert len(tables) == 6
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


def test_a_message_is_hidden_for_six_timeouts_of_its_worker() -> None:
    config = json.loads((CHECKOUT / ".chalice" / "config.json").read_text())
    timeout = config["lambda_functions"]["worker_normal"]["lambda_timeout"]

    queue = resources()["NormalQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * timeout
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 10


def test_messages_rest_longest_where_a_person_has_to_look() -> None:
    lane = resources()["NormalQueue"]["Properties"]["MessageRetentionPeriod"]
    dead = resources()["NormalDeadLetters"]["Properties"]["MessageRetentionPeriod"]

    assert dead > lane
