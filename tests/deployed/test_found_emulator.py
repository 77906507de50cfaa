"""EMULATOR=localstack: what runs at the endpoint is used as it is, and left running.

MiniStack plays the part, started by hand with what it lacks for a deploy. LocalStack itself cannot
be had in every place where these tests run; nothing here says that it works with it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local import emulator_process, leftovers
from infra.local.place import Place
from tests.deployed.cloud import Cloud, eventually, free_ports
from tests.deployed.driver import main, rows


@dataclass(frozen=True)
class Found:
    """An emulator that runs before any cloud does."""

    place: Place


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    port, unused = free_ports(2)
    folder = tmp_path_factory.mktemp("found") / "state"
    place = Place(state=folder, port=unused, emulator_port=port)
    place.temporary.mkdir(parents=True)
    with emulator_process.running(place):
        yield Found(place)
    leftovers.end_processes(place)


@pytest.fixture(scope="module")
def cloud(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud on it, in place of that of the other modules."""
    own = Cloud(tmp_path_factory.mktemp("theirs"), found_port=found.place.emulator_port)
    try:
        own.start()
        yield own
    finally:
        own.remove()


def config(cloud: Cloud) -> dict[str, object]:
    path = cloud.place.deploy / ".chalice" / "config.json"
    content: dict[str, object] = json.loads(path.read_text())
    return content


def test_it_starts_no_emulator_and_deploys_without_layers(cloud: Cloud, found: Found) -> None:
    assert "looking for localstack" in cloud.output.read_text()
    assert "starting the emulator" not in cloud.output.read_text()
    assert cloud.endpoint == found.place.emulator_url
    assert not cloud.place.emulated.exists()
    assert not cloud.place.log.exists()
    assert list(leftovers.processes(cloud.place)) == []
    assert config(cloud)["automatic_layer"] is False
    assert cloud.client("lambda").list_layers()["Layers"] == []


def test_a_job_runs_on_it(cloud: Cloud) -> None:
    job = main(cloud).create_job("on a found emulator", "10s")

    eventually(job.runs, seconds=90, pause=1)

    assert job.runs()[0]["state"] == "succeeded"


def test_an_unknown_path_is_a_problem_there_too(cloud: Cloud) -> None:
    answer = main(cloud).get("/v1/nothing")

    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


class TestOthersThings:
    def test_what_others_have_there_outlives_a_deploy_from_the_start(self, cloud: Cloud) -> None:
        cloud.client("sqs").create_queue(QueueName="theirs")
        api = cloud.client("apigateway").create_rest_api(name="theirs")["id"]
        cloud.client("events").put_rule(Name="theirs", ScheduleExpression="rate(1 day)")
        deployed = cloud.place.deploy / ".chalice" / "deployed"
        assert cloud.stop() == 0
        (deployed / "digest").unlink()

        cloud.start()

        assert "do not agree" in cloud.output.read_text()
        apis = cloud.client("apigateway").get_rest_apis()["items"]
        assert sorted(each["name"] for each in apis) == ["palyra", "theirs"]
        assert api in [each["id"] for each in apis]
        names = {each["Name"] for each in cloud.client("events").list_rules()["Rules"]}
        assert "theirs" in names


class TestEnd:
    def test_it_is_left_running_with_what_it_has(self, cloud: Cloud, found: Found) -> None:
        jobs = [job["id"] for job in main(cloud).jobs()]
        before = list(leftovers.processes(found.place))

        assert cloud.stop() == 0

        assert not cloud.place.up_file.exists()
        assert before
        assert list(leftovers.processes(found.place))[:1] == before[:1]
        cloud.start()
        assert [job["id"] for job in main(cloud).jobs()] == jobs
        assert rows(cloud).scan("journal")

    def test_without_an_emulator_it_says_so(self, cloud: Cloud, tmp_path: Path) -> None:
        port, node_port, nobody = free_ports(3)

        refused = cloud.run(
            "up",
            STATE=str(tmp_path / "state"),
            PORT=str(port),
            NODE_PORT=str(node_port),
            EMULATOR_PORT=str(nobody),
        )

        assert refused.returncode == 1
        assert re.search(rf"error: Nothing answers at http://127\.0\.0\.1:{nobody}", refused.stderr)

    def test_another_emulator_is_refused_by_name(self, cloud: Cloud) -> None:
        refused = cloud.run("up", EMULATOR="moto")

        assert refused.returncode == 1
        assert refused.stderr.startswith("error: EMULATOR=moto is not known.")
