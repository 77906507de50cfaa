"""Nodes on what is really deployed: real TLS, the real command, and deaths in the middle."""

import json
import re
import ssl
import stat
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from app import app
from chalicelib.functions.http.operation import promised
from chalicelib.incidents import node_kinds
from tests.deployed.cloud import Cloud, eventually
from tests.deployed.device import AGAIN, ONCE, Device, Operator
from tests.deployed.driver import SCHEDULED, Item, rows

DENIED = 4
CLAIMS = (
    *("X-Amzn-Mtls-Clientcert", "X-Amzn-Mtls-Clientcert-Leaf", "X-Client-Cert"),
    *("X-SSL-Client-Cert", "SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert"),
)
SNAPSHOT_SECONDS = 30.0

type NewDevice = Callable[[], Device]


@pytest.fixture(scope="module")
def operator(cloud: Cloud) -> Operator:
    return Operator.of(cloud)


@pytest.fixture
def new_device(cloud: Cloud, tmp_path: Path) -> Iterator[NewDevice]:
    """Devices that nobody knows yet."""
    made: list[Device] = []

    def new() -> Device:
        (folder := tmp_path / str(len(made))).mkdir()
        made.append(Device(cloud=cloud, folder=folder))
        return made[-1]

    yield new
    for each in made:
        each.remove()


@pytest.fixture(scope="module")
def known(
    cloud: Cloud, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Device]:
    """A device that is paired and may do all that it can, for all tests that leave it so."""
    device = Device(cloud=cloud, folder=tmp_path_factory.mktemp("known"))
    device.pair(operator)
    device.can(**{AGAIN: True, ONCE: False})
    device.start()
    operator.grant(device.id, AGAIN, ONCE)
    assert device.stop() == 0
    yield device
    device.remove()


@pytest.fixture
def worker(known: Device) -> Iterator[Device]:
    """The known device at work, with nothing done yet."""
    for name in ("begun", "done", "go"):
        (known.folder / name).unlink(missing_ok=True)
    known.start()
    yield known
    known.remove()


def state(operator: Operator, device: Device, request: str) -> str:
    return str(operator.found(device.id, request)["state"])


def comes_to(operator: Operator, device: Device, request: str, wanted: str) -> Item:
    """Wait until a request is in a state, and return it."""
    eventually(
        lambda: state(operator, device, request) == wanted,
        seconds=100,
        pause=0.5,
        why=lambda: f"{operator.found(device.id, request)}\n{device.printed()}",
    )
    return operator.found(device.id, request)


def fingerprint(device: Device) -> str:
    shown = json.loads(device.command("status", "--json").stdout)
    return str(shown["fingerprint"])


def saved(cloud: Cloud, name: str) -> None:
    """Wait until all that was written by now is in the snapshot that a kill leaves."""
    item = {"pk": {"S": "test"}, "sk": {"S": name}}
    cloud.client("dynamodb").put_item(TableName="palyra-local-system", Item=item)
    file = cloud.place.emulated / "current" / "dynamodb.json"
    eventually(lambda: name in _text(file), seconds=SNAPSHOT_SECONDS)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:  # Replaced at this moment.
        return ""


class TestPairing:
    @pytest.mark.parametrize("method", ["pin", "qr"])
    def test_two_people_let_a_device_in(
        self, operator: Operator, new_device: NewDevice, method: str
    ) -> None:
        device = new_device()

        printed = device.pair(operator, method, "daemon")

        assert f"paired  {device.id}" in printed
        node = operator.node(device.id)
        assert (node["state"], node["kind"], node["label"]) == ("active", "daemon", device.label)
        assert node["fingerprint"] == fingerprint(device)
        assert operator.certificates(device.id) == {node["fingerprint"]: "active"}
        assert device.whoami().json()["device_id"] == device.id

    def test_its_key_stays_where_it_was_made(
        self, operator: Operator, new_device: NewDevice, cloud: Cloud
    ) -> None:
        device = new_device()
        printed = device.pair(operator)

        assert stat.S_IMODE(device.credential.stat().st_mode) == 0o600
        assert "PRIVATE" not in printed
        key = device.credential.read_text().splitlines()[1]
        assert key not in cloud.log()
        tables = ("nodes", "journal", "system", "work", "approvals")
        assert all(key not in str(row) for table in tables for row in rows(cloud).scan(table))

    def test_whoever_does_not_know_the_pin_learns_nothing(
        self, operator: Operator, new_device: NewDevice
    ) -> None:
        code = operator.mint(label="of a guess")
        wrong = f"{(int(code['pin']) + 1) % 1_000_000:06}\n"

        guessed = new_device().command("pair", code["code_id"], "--pin-stdin", sent=wrong)
        nothing = new_device().command("pair", "ZZZZ", "--pin-stdin", sent=wrong)

        assert guessed.returncode == nothing.returncode != 0
        assert guessed.stderr == nothing.stderr
        assert guessed.stdout == nothing.stdout == ""
        assert operator.code(code["code_id"])["attempts"] == 1

    def test_another_number_than_the_devices_lets_nobody_in(
        self, operator: Operator, new_device: NewDevice
    ) -> None:
        device = new_device()
        code = operator.mint(label=device.label)
        process = device.started(
            *("pair", code["code_id"], "--pin-stdin"),
            output="pair.log",
            sent=f"{code['pin']}\n",
        )
        number = device.told("pair.log", "number", process).split()[-1]
        wrong = f"{(int(number) + 1) % 1_000_000:06}"

        refused = [operator.approve(operator.waiting(device.label), wrong) for _ in range(3)]

        assert [each.status_code for each in refused] == [422] * 3
        assert process.wait(60) == DENIED, device.printed("pair.log")
        assert not device.credential.exists()
        assert "rejected" in device.printed("pair.log")


class TestWork:
    def test_a_node_does_what_it_was_granted(self, operator: Operator, worker: Device) -> None:
        assert operator.capabilities(worker.id) == {AGAIN: True, ONCE: True}

        request = operator.ask(worker.id, ONCE, arguments={"say": "cheese"})

        ended = comes_to(operator, worker, request, "succeeded")
        assert ended["output"] == {"said": "cheese"}
        assert len(worker.noted("begun")) == len(worker.noted("done")) == 1

    def test_what_was_not_granted_is_not_asked(
        self, operator: Operator, new_device: NewDevice
    ) -> None:
        device = new_device()
        device.pair(operator)
        device.can(**{ONCE: False})
        device.start()

        where = f"/v1/nodes/{device.id}/invoke"
        refused = operator.owner.post(where, {"capability": ONCE, "arguments": {"say": "x"}})

        assert refused.status_code == HTTPStatus.FORBIDDEN, refused.text
        assert device.stop() == 0
        assert device.noted("begun") == []

    def test_a_killed_node_begins_again_what_may_be_done_twice(
        self, operator: Operator, worker: Device
    ) -> None:
        said = {"say": "again", "waits": "go"}
        request = operator.ask(worker.id, AGAIN, arguments=said, timeout_seconds=120)
        eventually(lambda: worker.noted("begun"), seconds=60)

        worker.kill_9()
        worker.start()

        eventually(lambda: len(worker.noted("begun")) == 2, seconds=60)
        (worker.folder / "go").touch()
        ended = comes_to(operator, worker, request, "succeeded")
        assert ended["output"] == {"said": "again"}
        assert len(set(worker.noted("begun"))) == 1
        assert worker.left == []

    def test_a_killed_node_never_begins_again_what_may_not(
        self, cloud: Cloud, operator: Operator, worker: Device
    ) -> None:
        said = {"say": "once", "waits": "go"}
        request = operator.ask(worker.id, ONCE, arguments=said, timeout_seconds=10)
        eventually(lambda: worker.noted("begun"), seconds=60)

        worker.kill_9()
        worker.start()
        other = operator.ask(worker.id, AGAIN, arguments={"say": "after"})
        comes_to(operator, worker, other, "succeeded")

        def is_given_up() -> bool:
            cloud.invoke("sweep", SCHEDULED)
            return state(operator, worker, request) == "failed"

        eventually(is_given_up, seconds=90, pause=2)
        ended = operator.found(worker.id, request)
        assert (ended["reason"], ended["uncertain"]) == ("outcome_unknown", True)
        (worker.folder / "go").touch()
        mine = [key for key in worker.noted("begun") if key == worker.noted("begun")[0]]
        assert len(mine) == 1
        assert worker.left == []

    def test_a_node_that_is_stopped_sends_its_answer_first(
        self, operator: Operator, worker: Device
    ) -> None:
        request = operator.ask(worker.id, ONCE, arguments={"say": "bye", "waits": "go"})
        eventually(lambda: worker.noted("begun"), seconds=60)
        (worker.folder / "go").touch()

        assert worker.stop() == 0

        assert state(operator, worker, request) == "succeeded"


class TestCertificates:
    def test_a_renewed_certificate_follows_the_one_before(
        self, operator: Operator, known: Device
    ) -> None:
        before, key = fingerprint(known), known.credential.read_text()

        renewed = known.command("renew")

        assert renewed.returncode == 0, renewed.stderr
        after = fingerprint(known)
        states = operator.certificates(known.id)
        assert (states[before], states[after]) == ("superseded", "active")
        assert known.credential.read_text().partition("CERTIFICATE")[0] not in key

    def test_a_copy_of_a_key_that_was_renewed_ends_the_device(
        self, cloud: Cloud, operator: Operator, new_device: NewDevice
    ) -> None:
        device = new_device()
        device.pair(operator)
        copy = device.copied()
        assert device.command("renew").returncode == 0

        assert device.whoami(copy).status_code == HTTPStatus.FORBIDDEN

        assert operator.node(device.id)["state"] == "suspended"
        assert device.whoami().status_code == HTTPStatus.FORBIDDEN
        raised = [row.get("kind") for row in rows(cloud).scan("incidents") if device.id in str(row)]
        assert node_kinds.NODE_CLONED.name in raised

    def test_the_call_after_a_revocation_is_refused(
        self, operator: Operator, new_device: NewDevice
    ) -> None:
        device = new_device()
        device.pair(operator)
        device.can(**{ONCE: False})
        device.start()
        path = f"/v1/nodes/{device.id}/whoami"
        with device.connected() as connection:
            connection.request("GET", path)
            before = connection.getresponse()
            before.read()
            assert operator.revoke(device.id)["state"] == "revoked"
            connection.request("GET", path)  # On the same connection: there was no handshake.
            after = connection.getresponse()
            refused = json.loads(after.read())

        assert (before.status, after.status) == (200, 403)
        assert refused["type"] == "urn:palyra:problem:certificate-refused"
        assert device.ended() == DENIED
        assert "lets this device in no more" in device.printed()

    def test_an_unpaired_device_is_out_and_keeps_no_key(
        self, operator: Operator, new_device: NewDevice
    ) -> None:
        device = new_device()
        device.pair(operator)
        node = device.id
        copy = device.copied()

        unpaired = device.command("unpair", "--yes")

        assert (unpaired.returncode, unpaired.stdout) == (0, "unpaired\n"), unpaired.stderr
        assert not device.credential.exists()
        assert operator.node(node)["state"] == "revoked"
        with device.calling(copy) as http:
            assert http.get(f"/v1/nodes/{node}/whoami").status_code == HTTPStatus.FORBIDDEN


def _each(*, of_nodes: bool) -> Iterator[tuple[str, str]]:
    """Yield method and path of each route that is for nodes, or that is not."""
    for path, made in sorted(app.routes.items()):
        for method, entry in made.items():
            promise = promised(entry.view_function)
            if (promise is not None and promise.needs_certificate) == of_nodes:
                yield method, path


def _filled(path: str, device: Device) -> str:
    return re.sub(r"{\w+}", "x", path.replace("{device_id}", device.id))


class TestOrigins:
    def test_without_a_certificate_nobody_gets_through_the_handshake(
        self, cloud: Cloud, known: Device
    ) -> None:
        context = ssl.create_default_context(cafile=cloud.up_file["nodes_ca"])
        url = f"{cloud.up_file['nodes']}/v1/nodes/{known.id}/whoami"
        with (
            httpx.Client(verify=context, trust_env=False) as http,
            pytest.raises(httpx.TransportError),
        ):
            http.get(url)

    def test_no_route_of_nodes_answers_on_the_apis_origin(
        self, cloud: Cloud, known: Device
    ) -> None:
        pem = known.credential.read_text()
        certificate = pem[pem.index("-----BEGIN CERTIFICATE") :].replace("\n", "%0A")
        claims = dict.fromkeys(CLAIMS, certificate)
        bearer = {"Authorization": f"Bearer {cloud.token}", "Content-Type": "application/json"}
        for method, path in _each(of_nodes=True):
            url = f"{cloud.api}{_filled(path, known)}"
            answer = httpx.request(method, url, headers=claims | bearer, timeout=30)
            assert answer.status_code == HTTPStatus.UNAUTHORIZED, f"{method} {path}"
            assert answer.json()["type"].endswith(":client-cert-required"), f"{method} {path}"

    def test_no_other_route_answers_on_the_nodes_origin(self, cloud: Cloud, known: Device) -> None:
        bearer = {"Authorization": f"Bearer {cloud.token}", "Content-Type": "application/json"}
        with known.calling() as http:
            for method, path in _each(of_nodes=False):
                answer = http.request(method, _filled(path, known), headers=bearer)
                assert answer.status_code == HTTPStatus.NOT_FOUND, f"{method} {path}"

    def test_a_header_makes_a_device_no_other_device(
        self, operator: Operator, known: Device, new_device: NewDevice
    ) -> None:
        other = new_device()
        other.pair(operator)
        pem = other.credential.read_text()
        claimed = pem[pem.index("-----BEGIN CERTIFICATE") :].replace("\n", "%0A")
        headers = dict.fromkeys(CLAIMS, claimed)

        with known.calling() as http:
            refused = http.get(f"/v1/nodes/{other.id}/whoami", headers=headers)

        assert refused.status_code == HTTPStatus.FORBIDDEN
        assert known.whoami(headers=headers).json()["device_id"] == known.id


class TestKilledCloud:
    def test_a_node_goes_on_with_a_cloud_that_was_killed(
        self, cloud: Cloud, operator: Operator, worker: Device
    ) -> None:
        said = {"say": "still here", "waits": "go"}
        request = operator.ask(worker.id, ONCE, arguments=said, timeout_seconds=120)
        eventually(lambda: worker.noted("begun"), seconds=60)
        saved(cloud, "a node is at it")

        cloud.kill_9()
        (worker.folder / "go").touch()
        eventually(partial(_is_done, worker), seconds=30)
        worker.kill_9()
        cloud.start()
        worker.start()

        ended = comes_to(operator, worker, request, "succeeded")
        assert ended["output"] == {"said": "still here"}
        assert len(worker.noted("begun")) == len(worker.noted("done")) == 1
        assert worker.stop() == 0
        # The authority's key has survived, too.
        renewed = worker.command("renew")
        assert renewed.returncode == 0, renewed.stderr

    def test_a_node_that_runs_finds_a_cloud_again(
        self, cloud: Cloud, operator: Operator, worker: Device
    ) -> None:
        saved(cloud, "a node waits")

        cloud.kill_9()
        cloud.start()

        request = operator.ask(worker.id, ONCE, arguments={"say": "hello again"})

        assert comes_to(operator, worker, request, "succeeded")["output"] == {"said": "hello again"}


def _is_done(device: Device) -> bool:
    return [each["stage"] for each in device.left] == ["done"]
