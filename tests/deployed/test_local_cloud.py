"""What the local cloud does of itself: it comes up, answers, ends, and goes on."""

import io
import os
import signal
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import leftovers
from infra.local.place import CHECKOUT
from tests.deployed.cloud import Cloud, eventually, kill

SNAPSHOT_SECONDS = 3.0
RESTART_SECONDS = 30.0  # Of ten functions on two cores; it is 8 to 15 s where nothing else runs.
UNCHANGED = "nothing has changed since the last deploy"
LISTENING = "0A"
LOOPBACK_IN_PROC = "0100007F"
LANE = """
import os, time, boto3

def handler(event, context):
    began = time.time()
    time.sleep(0.5)
    item = {"pk": {"S": "lane"}, "sk": {"S": event["Records"][0]["body"]}}
    item |= {"began": {"N": str(began)}, "ended": {"N": str(time.time())}}
    boto3.client("dynamodb").put_item(TableName="palyra-local-system", Item=item)
"""


@pytest.fixture(autouse=True)
def running(cloud: Cloud) -> Cloud:
    """Every test finds the cloud running, whatever the one before has done to it."""
    if not cloud.place.up_file.exists():
        cloud.start()
    return cloud


def put(cloud: Cloud, sk: str) -> None:
    item = {"pk": {"S": "test"}, "sk": {"S": sk}}
    cloud.client("dynamodb").put_item(TableName="palyra-local-system", Item=item)


def has(cloud: Cloud, sk: str) -> bool:
    key = {"pk": {"S": "test"}, "sk": {"S": sk}}
    found = cloud.client("dynamodb").get_item(TableName="palyra-local-system", Key=key)
    return "Item" in found


def get(cloud: Cloud, path: str, **options: Any) -> httpx.Response:
    return httpx.get(f"{cloud.api}{path}", timeout=30, **options)


def package(name: str, code: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, code)
    return archive.getvalue()


def intervals(cloud: Cloud) -> list[tuple[float, float]]:
    found = cloud.client("dynamodb").query(
        TableName="palyra-local-system",
        KeyConditionExpression="pk = :lane",
        ExpressionAttributeValues={":lane": {"S": "lane"}},
    )
    return [(float(item["began"]["N"]), float(item["ended"]["N"])) for item in found["Items"]]


def snapshot(cloud: Cloud) -> str:
    try:
        return (cloud.place.emulated / "current" / "dynamodb.json").read_text()
    except FileNotFoundError:  # Replaced at this moment.
        return ""


class TestReady:
    def test_up_json_says_how_to_reach_it_to_its_owner_alone(self, cloud: Cloud) -> None:
        assert set(cloud.up_file) == {
            *("api", "console", "nodes", "nodes_ca", "emulator", "token", "pid"),
        }
        assert stat.S_IMODE(cloud.place.up_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(cloud.place.token.stat().st_mode) == 0o600
        assert stat.S_IMODE(cloud.place.state.stat().st_mode) == 0o700

    def test_the_token_opens_the_api_and_none_does_not(self, cloud: Cloud) -> None:
        bearer = {"Authorization": f"Bearer {cloud.token}"}

        assert get(cloud, "/v1/jobs", headers=bearer).status_code == 200
        assert get(cloud, "/v1/jobs").status_code == 401

    def test_a_token_of_another_owner_is_minted_on_the_command_line(self, cloud: Cloud) -> None:
        minted = cloud.token_of("acme")

        assert minted.startswith("palyra_acme_")
        bearer = {"Authorization": f"Bearer {minted}"}
        assert get(cloud, "/v1/jobs", headers=bearer).json()["items"] == []

    def test_everything_listens_on_loopback_only(self, cloud: Cloud) -> None:
        ports = {f"{cloud.place.port:04X}", f"{cloud.place.emulator_port:04X}"}
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening = [row[1].split(":") for row in rows if row[3] == LISTENING]

        addresses = [(address, port) for address, port in listening if port in ports]
        assert {port for _, port in addresses} == ports
        assert {address for address, _ in addresses} == {LOOPBACK_IN_PROC}

    def test_tables_expire_and_recover_as_the_template_says(self, cloud: Cloud) -> None:
        dynamodb = cloud.client("dynamodb")
        expiry = dynamodb.describe_time_to_live(TableName="palyra-local-work")
        backups = dynamodb.describe_continuous_backups(TableName="palyra-local-journal")

        assert expiry["TimeToLiveDescription"] == {
            "TimeToLiveStatus": "ENABLED",
            "AttributeName": "ttl",
        }
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"

    def test_the_checkout_is_only_read(self, cloud: Cloud) -> None:
        assert cloud.place.state.exists()
        assert not (CHECKOUT / ".chalice" / "deployed" / "local.json").exists()


class TestRefusals:
    def test_a_second_up_on_the_same_state_names_the_first(self, cloud: Cloud) -> None:
        second = cloud.run("up", PORT="1", EMULATOR_PORT="2")

        assert second.returncode == 1
        assert f"(pid {cloud.up_file['pid']})" in second.stderr
        assert "make down" in second.stderr
        assert second.stderr.count("\n") == 1

    def test_a_busy_port_is_named_with_the_fix(self, cloud: Cloud, tmp_path: Path) -> None:
        second = cloud.run("up", STATE=str(tmp_path / "other"))

        assert second.returncode == 1
        assert f"Port {cloud.place.port} is busy" in second.stderr
        assert f"PORT={cloud.place.port + 1} make up" in second.stderr
        assert second.stderr.count("\n") == 1


class TestFront:
    def test_a_path_without_a_route_is_a_problem(self, cloud: Cloud) -> None:
        answer = get(cloud, "/nothing/here")

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "The API has no path /nothing/here"

    def test_a_request_for_another_host_is_refused(self, cloud: Cloud) -> None:
        answer = get(cloud, "/healthz", headers={"Host": "rebound.example"})

        assert answer.status_code == 421


class TestFunctions:
    def test_one_whose_process_is_killed_runs_again(self, cloud: Cloud) -> None:
        assert get(cloud, "/healthz").status_code == 200
        before = cloud.workers("api_handler")
        for pid in before:
            kill(pid)

        eventually(lambda: get(cloud, "/healthz").status_code == 200, seconds=30)

        after = cloud.workers("api_handler")
        assert before
        assert after
        assert not set(before) & set(after)

    def test_settings_of_the_caller_are_deployed(self, cloud: Cloud) -> None:
        configuration = cloud.client("lambda").get_function_configuration(
            FunctionName="palyra-local-cron_tick"
        )

        assert configuration["Environment"]["Variables"]["PALYRA_TASKS_LEASE_SECONDS"] == "3"

    def test_workers_share_one_unpacked_layer(self, cloud: Cloud) -> None:
        layers = [os.path.realpath(path) for path in cloud.place.temporary.glob("*/layer_0")]

        assert len(layers) > 1
        assert len(set(layers)) == 1


class TestQueues:
    def test_a_delayed_message_comes_when_it_is_due(self, cloud: Cloud) -> None:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="test-delay")["QueueUrl"]
        sent = time.monotonic()
        sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=2)

        received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)

        assert received["Messages"][0]["Body"] == "later"
        assert 1.9 < time.monotonic() - sent < 4.5

    def test_a_lane_runs_no_more_at_once_than_its_maximum(self, cloud: Cloud) -> None:
        sqs, functions = cloud.client("sqs"), cloud.client("lambda")
        queue = sqs.create_queue(QueueName="test-lane")["QueueUrl"]
        functions.create_function(
            FunctionName="test-lane",
            Runtime="python3.12",
            Handler="lane.handler",
            Role="arn:aws:iam::000000000000:role/test",
            Timeout=20,
            Code={"ZipFile": package("lane.py", LANE)},
        )
        for number in range(8):
            sqs.send_message(QueueUrl=queue, MessageBody=str(number))

        mapping = functions.create_event_source_mapping(
            EventSourceArn="arn:aws:sqs:us-east-1:000000000000:test-lane",
            FunctionName="test-lane",
            BatchSize=1,
            ScalingConfig={"MaximumConcurrency": 2},
        )
        eventually(lambda: len(intervals(cloud)) == 8, seconds=60)

        functions.delete_event_source_mapping(UUID=mapping["UUID"])
        functions.delete_function(FunctionName="test-lane")
        starts = [start for start, _ in intervals(cloud)]
        most = max(sum(a <= start < b for a, b in intervals(cloud)) for start in starts)
        assert most == 2


class TestEnd:
    def test_ctrl_c_saves_and_leaves_nothing_running(self, cloud: Cloud) -> None:
        token = cloud.token
        put(cloud, "before the end")

        assert cloud.stop(signal.SIGINT) == 0

        assert list(leftovers.processes(cloud.place)) == []
        assert list(cloud.place.temporary.iterdir()) == []
        assert not cloud.place.up_file.exists()
        cloud.start()
        assert UNCHANGED in cloud.output.read_text(), "the checkout was edited: run this again"
        assert cloud.up_seconds < RESTART_SECONDS
        assert has(cloud, "before the end")
        assert cloud.token == token
        assert get(cloud, "/healthz").status_code == 200

    def test_down_ends_it_and_says_so(self, cloud: Cloud) -> None:
        ended = cloud.run("down")
        again = cloud.run("down")

        assert ended.returncode == again.returncode == 0
        assert "has ended" in ended.stdout
        assert "No local cloud runs" in again.stdout
        assert list(leftovers.processes(cloud.place)) == []


class TestKill:
    def test_it_goes_on_from_the_last_snapshot(self, cloud: Cloud) -> None:
        put(cloud, "before the kill")
        eventually(lambda: "before the kill" in snapshot(cloud), seconds=5 * SNAPSHOT_SECONDS)

        cloud.kill_9()
        abandoned = list(cloud.place.temporary.iterdir())
        cloud.start()

        assert abandoned
        assert not any(path.exists() for path in abandoned)
        assert has(cloud, "before the kill")
        assert get(cloud, "/healthz").status_code == 200
        dispatched = "EventBridge → Lambda palyra-local-cron_tick: dispatched"
        eventually(lambda: dispatched in cloud.log(), seconds=90)

    def test_without_its_supervisor_the_emulator_saves_and_ends(self, cloud: Cloud) -> None:
        put(cloud, "before the supervisor's kill")

        cloud.kill_9_supervisor()

        eventually(lambda: not list(leftovers.processes(cloud.place)), seconds=30)
        cloud.start()
        assert has(cloud, "before the supervisor's kill")

    def test_a_deploy_that_the_emulator_forgot_is_made_again(self, cloud: Cloud) -> None:
        cloud.client("lambda").delete_function(FunctionName="palyra-local-sweep")
        assert cloud.stop() == 0

        cloud.start()

        assert "do not agree" in cloud.output.read_text()
        assert get(cloud, "/healthz").status_code == 200
        assert cloud.client("lambda").get_function(FunctionName="palyra-local-sweep")

    def test_a_handler_that_has_moved_is_found(self, cloud: Cloud) -> None:
        before = cloud.client("lambda").get_function_configuration(
            FunctionName="palyra-local-cron_tick"
        )["Handler"]
        cloud.client("lambda").update_function_configuration(
            FunctionName="palyra-local-cron_tick", Handler="chalicelib.elsewhere.cron_tick"
        )
        assert cloud.stop() == 0
        # As after a change of the checkout.
        (cloud.place.deploy / ".chalice" / "deployed" / "digest").write_text("another")

        cloud.start()

        assert "handlers have moved: cron_tick" in cloud.output.read_text()
        after = cloud.client("lambda").get_function_configuration(
            FunctionName="palyra-local-cron_tick"
        )["Handler"]
        assert after == before
