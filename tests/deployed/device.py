"""A device before a cloud, and the operator who lets it in.

The device is the `palyra node` command in processes of its own, as whoever sits at it uses it; the
operator is a caller of the API.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import httpx
from ulid import ULID

from infra.local.place import LOOPBACK
from tests.deployed.cloud import Cloud, eventually, kill
from tests.deployed.driver import Item, Owner

COMMAND = Path(sys.executable).with_name("palyra")
NUMBER, RUNNING = "number", "running"
_SECONDS = 90.0
_TOOL = """#!{python} -I
import json, os, sys, time
from pathlib import Path

folder, asked = Path({folder!r}), json.load(sys.stdin)
key = os.environ["PALYRA_NODE_IDEMPOTENCY_KEY"]


def note(name):
    with (folder / name).open("a") as file:
        file.write(key + "\\n")


note("begun")
until = time.monotonic() + 100
while asked.get("waits") and not (folder / asked["waits"]).exists() and time.monotonic() < until:
    time.sleep(0.02)
note("done")
print(json.dumps({{"said": asked["say"]}}))
"""
_MANIFEST = """
[[capability]]
name = "{name}"
description = "Say what was asked for."
run = "{name}"
effect = "write"
idempotent = {idempotent}

[capability.arguments]
type = "object"
required = ["say"]
additionalProperties = false

[capability.arguments.properties.say]
type = "string"

[capability.arguments.properties.waits]
type = "string"
"""
AGAIN, ONCE = "say.again", "say.once"


@dataclass(frozen=True)
class Operator:
    """An admin with a token."""

    owner: Owner

    @classmethod
    def of(cls, cloud: Cloud) -> "Operator":
        return cls(Owner(cloud, cloud.token))

    def mint(self, **more: Any) -> Item:
        return self._post("/v1/pairing/codes", {"method": "pin", "client_kind": "cli"} | more, 201)

    def code(self, code_id: str) -> Item:
        items = self._get("/v1/pairing/codes")["items"]
        return next(each for each in items if each["code_id"] == code_id)

    def waiting(self, label: str) -> Item:
        """Return the one request of a label that waits for a decision."""
        items = self._get("/v1/pairing/requests")["items"]
        (found,) = (
            each for each in items if (each["label"], each["state"]) == (label, "pending_approval")
        )
        request: Item = found
        return request

    def approve(self, request: Item, number: str) -> httpx.Response:
        said = {
            "version": request["version"],
            "identity_fingerprint": request["verified"]["identity_fingerprint"],
            "sas": number,
        }
        return self.owner.post(f"/v1/pairing/requests/{request['request_id']}/approve", said)

    def node(self, node: str) -> Item:
        return self._get(f"/v1/nodes/{node}")

    def certificates(self, node: str) -> dict[str, str]:
        """Return the state of each certificate of a node, by its fingerprint."""
        items = self._get(f"/v1/nodes/{node}/certificates")["items"]
        return {each["fingerprint"]: each["state"] for each in items}

    def capabilities(self, node: str) -> dict[str, bool]:
        """Return what a node can do, and whether it may."""
        items = self._get(f"/v1/nodes/{node}/capabilities")["items"]
        return {each["name"]: each["granted"] for each in items}

    def grant(self, node: str, *names: str) -> None:
        for name in names:
            self._post(f"/v1/nodes/{node}/capabilities/{name}/grant", {})

    def ask(self, node: str, capability: str, **more: Any) -> str:
        body = {"capability": capability} | more
        return str(self._post(f"/v1/nodes/{node}/invoke", body, 202)["id"])

    def found(self, node: str, request: str) -> Item:
        return self._get(f"/v1/nodes/{node}/invocations/{request}")

    def revoke(self, node: str) -> Item:
        return self._post(f"/v1/nodes/{node}/revoke", {"reason": "lost in the train"})

    def _get(self, path: str) -> Item:
        return _answered(self.owner.get(path), 200)

    def _post(self, path: str, body: Item, status: int = 200) -> Item:
        return _answered(self.owner.post(path, body), status)


@dataclass(kw_only=True, eq=False)
class Device:
    """A device: its folder, and the processes that run on it.

    Attributes:
        folder: of the test; the node's own is in it.
    """

    cloud: Cloud
    folder: Path
    label: str = field(default_factory=lambda: f"device {ULID()}")
    _running: subprocess.Popen[str] | None = None

    # Its files.

    @property
    def home(self) -> Path:
        return self.folder / "node"

    @property
    def credential(self) -> Path:
        return self.home / "node.pem"

    @property
    def id(self) -> str:
        return str(json.loads((self.home / "node.json").read_text())["device_id"])

    @property
    def left(self) -> list[Item]:
        """What was taken and is not answered."""
        return [json.loads(each.read_text()) for each in (self.home / "work").glob("*.json")]

    def noted(self, name: str) -> list[str]:
        """Return the keys that programs have noted: `begun`, or `done`."""
        file = self.folder / name
        return file.read_text().split() if file.exists() else []

    def can(self, **capabilities: bool) -> None:
        """Let it be able to do something: by name, whether twice is as good as once."""
        (folder := self.folder / "capabilities").mkdir(mode=0o755)
        manifest = folder / "capabilities.toml"
        for name, idempotent in capabilities.items():
            tool = folder / name
            tool.write_text(_TOOL.format(python=sys.executable, folder=str(self.folder)))
            tool.chmod(0o755)
            with manifest.open("a") as file:
                file.write(_MANIFEST.format(name=name, idempotent=str(idempotent).lower()))

    # Its commands.

    @property
    def environment(self) -> dict[str, str]:
        up = self.cloud.up_file
        inherited = {n: v for n, v in os.environ.items() if not n.startswith("PALYRA_")}
        return inherited | {
            "PALYRA_URL": up["api"],
            "PALYRA_NODES_URL": up["nodes"],
            "PALYRA_NODES_CA": up["nodes_ca"],
            "PALYRA_NODE_HOME": str(self.home),
        }

    def command(self, *words: str, sent: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the node to its end."""
        return subprocess.run(
            [COMMAND, "node", *words],
            env=self.environment,
            cwd=self.folder,
            input=sent,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def pair(self, operator: Operator, method: str = "pin", kind: str = "cli") -> str:
        """Pair it, as device and operator do in their two rooms; return what it printed."""
        code = operator.mint(method=method, client_kind=kind, label=self.label)
        words = {
            "pin": ["pair", code["code_id"], "--kind", kind, "--pin-stdin"],
            "qr": ["pair", "--kind", kind, "--qr-stdin"],
        }[method]
        process = self.started(*words, output="pair.log", sent=f"{code[method]}\n")
        try:
            number = self.told("pair.log", NUMBER, process).split()[-1]
            decided = operator.approve(operator.waiting(self.label), number)
            assert decided.status_code == 200, decided.text
            assert process.wait(_SECONDS) == 0, self.printed("pair.log")
        finally:
            _end(process)
        return self.printed("pair.log")

    def start(self) -> None:
        """Run the node until it has registered what it can do."""
        folder = str(self.folder / "capabilities")
        self._running = self.started("run", folder, "--parallel", "2", output="run.log")
        self.told("run.log", RUNNING, self._running)

    def kill_9(self) -> None:
        """Kill the node in whatever it does."""
        assert self._running, "the node does not run"
        kill(self._running.pid)
        self._running.wait(_SECONDS)

    def ended(self) -> int:
        """Wait until the node has ended by itself; return its exit code."""
        assert self._running, "the node does not run"
        return self._running.wait(_SECONDS)

    def stop(self) -> int:
        """Stop the node as a service manager does; return its exit code."""
        assert self._running, "the node does not run"
        self._running.terminate()
        return self._running.wait(_SECONDS)

    def remove(self) -> None:
        """Leave nothing running."""
        if self._running:
            _end(self._running)

    def printed(self, output: str = "run.log") -> str:
        return (self.folder / output).read_text()

    # Calls with its certificate, by whoever has its key.

    def copied(self) -> Path:
        """Copy its key and certificate, as a thief does."""
        return Path(shutil.copy(self.credential, self.folder / "copy.pem"))

    def whoami(
        self, credential: Path | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        with self.calling(credential) as http:
            return http.get(f"/v1/nodes/{self.id}/whoami", headers=headers)

    @contextmanager
    def calling(self, credential: Path | None = None) -> Iterator[httpx.Client]:
        """Call the nodes origin with a key and certificate; the device's own, if not said."""
        up = self.cloud.up_file
        context = ssl.create_default_context(cafile=up["nodes_ca"])
        context.load_cert_chain(credential or self.credential)
        with httpx.Client(
            base_url=up["nodes"], verify=context, timeout=_SECONDS, trust_env=False
        ) as http:
            yield http

    @contextmanager
    def connected(self) -> Iterator[HTTPSConnection]:
        """Keep one connection to the nodes origin, which is not made anew by itself."""
        context = ssl.create_default_context(cafile=self.cloud.up_file["nodes_ca"])
        context.load_cert_chain(self.credential)
        connection = HTTPSConnection(
            LOOPBACK, self.cloud.place.node_port, context=context, timeout=_SECONDS
        )
        connection.auto_open = 0
        connection.connect()
        with closing(connection):
            yield connection

    def started(self, *words: str, output: str, sent: str = "") -> subprocess.Popen[str]:
        with (self.folder / output).open("w") as file:
            process = subprocess.Popen(
                [COMMAND, "node", *words],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        assert process.stdin
        with process.stdin:
            process.stdin.write(sent)
        return process

    def told(self, output: str, word: str, process: subprocess.Popen[str]) -> str:
        """Return the line that begins with a word, once it is there."""

        def line() -> str:
            lines = self.printed(output).splitlines()
            return next((each for each in lines if each.startswith(word)), "")

        def came() -> bool:
            assert line() or process.poll() is None, self.printed(output)
            return bool(line())

        eventually(came, seconds=_SECONDS, why=lambda: self.printed(output))
        return line()


def _answered(answer: httpx.Response, status: int) -> Item:
    assert answer.status_code == status, answer.text
    content: Item = answer.json()
    return content


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait(_SECONDS)
