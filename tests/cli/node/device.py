"""A device as whoever sits at it uses it, and the operator who lets it in."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cli.main import palyra
from cli.node import manifest
from cli.node.agent import Agent
from cli.node.home import Home
from cli.node.line import Line
from cli.node.outbox import Event
from cli.node.person import Person, Question
from cli.node.starting import Starting
from cli.output import Screen
from cli.session import Session
from infra.local.place import LOOPBACK
from tests.cli.terminal import Ended, _console
from tests.functions.http.api import Api
from tests.nodes.front.client import Front

MANIFEST = """
[[capability]]
name = "{name}"
description = "A tool of a test."
run = "tool-{name}"
effect = "{effect}"
idempotent = {idempotent}
local_mediation = {mediation}

[capability.arguments]
type = "object"
"""


@dataclass
class Operator:
    """An admin with a token."""

    api: Api
    decided: Any = None

    def mint(self, **more: Any) -> Any:
        body = {"method": "pin", "client_kind": "cli"} | more
        reply = self.api.post("/v1/pairing/codes", body)
        assert reply.status == 201
        return reply.body

    def approve(self, number: str, **changes: Any) -> int:
        (request,) = self.requests()
        said = {
            "version": request["version"],
            "identity_fingerprint": request["verified"]["identity_fingerprint"],
            "sas": number,
        }
        if request["replaces"]:
            said["replaces"] = request["replaces"]
        where = f"/v1/pairing/requests/{request['request_id']}/approve"
        self.decided = request
        return self.api.post(where, said | changes).status

    def reject_all(self) -> None:
        for request in self.requests():
            where = f"/v1/pairing/requests/{request['request_id']}/reject"
            assert self.api.post(where, {"version": request["version"]}).status == 200

    def requests(self) -> list[Any]:
        items: list[Any] = self.api.get("/v1/pairing/requests").body["items"]
        return [each for each in items if each["state"] == "pending_approval"]

    def grant(self, node: str, *names: str) -> None:
        for name in names:
            where = f"/v1/nodes/{node}/capabilities/{name}/grant"
            assert self.api.post(where, {}).status == 200

    def ask(self, node: str, capability: str, **body: Any) -> str:
        asked = {"capability": capability} | body
        reply = self.api.post(f"/v1/nodes/{node}/invoke", asked)
        assert reply.status == 202, reply
        return str(reply.body["id"])

    def found(self, node: str, request: str) -> Any:
        return self.api.get(f"/v1/nodes/{node}/invocations/{request}").body

    def state(self, node: str, request: str) -> tuple[str, str | None]:
        told = self.found(node, request)
        return told["state"], told["reason"]

    def node(self, node: str) -> Any:
        return self.api.get(f"/v1/nodes/{node}").body

    def revoke(self, node: str) -> None:
        assert self.api.post(f"/v1/nodes/{node}/revoke", {}).status == 200


@dataclass
class Says:
    """A person who always says the same."""

    word: bool | None
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question, _stop: object) -> bool | None:
        self.asked.append(question)
        return self.word


@dataclass(kw_only=True)
class Device:
    """A device: its folder, its terminal, and what happens while it waits."""

    front: Front
    operator: Operator
    url: str
    home: Path
    out: StringIO = field(default_factory=StringIO)
    err: StringIO = field(default_factory=StringIO)
    waits: list[float] = field(default_factory=list)
    while_waiting: Callable[[], object] = lambda: None
    events: list[Event] = field(default_factory=list)
    ahead: timedelta = timedelta()

    # Commands.

    def run(self, *words: str, sent: str = "") -> Ended:
        self.out, self.err = StringIO(), StringIO()
        session = Session(
            environment=self.environment,
            screen=Screen(
                out=_console(self.out, 0, "utf-8"),
                err=_console(self.err, 0, "utf-8"),
                present=self.front.gateway.world.clock.now(),
            ),
            pause=self.pause,
            stopwatch=self.stopwatch,
            present=self.present,
        )
        ended = CliRunner().invoke(
            palyra, ["node", *words], obj=session, input=sent, prog_name="palyra"
        )
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        out, err = self.out.getvalue() + ended.stdout, self.err.getvalue() + ended.stderr
        return Ended(ended.exit_code, out, err)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PALYRA_URL": self.url,
            "PALYRA_NODES_URL": f"https://{LOOPBACK}:{self.front.place.node_port}",
            "PALYRA_NODES_CA": str(self.front.place.nodes_certificate),
            "PALYRA_NODE_HOME": str(self.home),
        }

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.move(seconds=seconds)
        self.while_waiting()

    def move(self, **time: float) -> None:
        self.front.gateway.world.clock.move(timedelta(**time))

    def stopwatch(self) -> float:
        return self.front.gateway.world.clock.now().timestamp()

    def present(self) -> datetime:
        """Its own clock, which may go wrong."""
        return self.front.gateway.world.clock.now() + self.ahead

    @property
    def number(self) -> str:
        """The number that the device shows."""
        lines = self.out.getvalue().splitlines()
        return next((each.split()[-1] for each in lines if each.startswith("number")), "")

    @property
    def id(self) -> str:
        return Home(self.home).membership().device_id

    def approved(self) -> None:
        """Let the operator type the number while the device waits."""

        def approve() -> None:
            if self.number and self.operator.requests():
                assert self.operator.approve(self.number) == 200

        self.while_waiting = approve

    def pair(self, *words: str, **code: Any) -> Ended:
        """Pair the device with a fresh code."""
        minted = self.operator.mint(**code)
        self.approved()
        return self.run("pair", minted["code_id"], *words, "--pin-stdin", sent=minted["pin"] + "\n")

    def paired(self) -> "Device":
        assert self.pair().code == 0
        return self

    # At work.

    @property
    def folder(self) -> Path:
        path = self.home.with_name("capabilities")
        path.mkdir(mode=0o755, exist_ok=True)
        return path

    def tool(self, name: str, source: str, **how: Any) -> None:
        """Let the device be able to do something more, by a program in Python."""
        path = self.folder / f"tool-{name}"
        path.write_text(f"#!{sys.executable} -I\nimport json, os, sys, time\n{source}\n")
        path.chmod(0o755)
        told = {"effect": "write", "idempotent": False, "mediation": False} | how
        lower = {key: str(value).lower() for key, value in told.items()}
        with (self.folder / manifest.NAME).open("a") as file:
            file.write(MANIFEST.format(name=name, **lower))

    @contextmanager
    def working(self, person: Person | None = None, most: int = 4) -> Iterator[Agent]:
        """Start the node; the test says when it goes on. What it was at is left as by a death."""
        home, starting = Home(self.home), self.starting(person, most)
        with home.locked(), closing(Line(home.membership(), home.credential)) as line:
            agent = starting.agent(line)
            try:
                yield agent
            finally:
                agent.desk.shut()

    def starting(self, person: Person | None = None, most: int = 4) -> Starting:
        """Return the node as a process starts it."""
        return Starting(
            home=Home(self.home),
            tools=manifest.read(self.folder),
            person=person,
            most=most,
            tell=self.events.append,
            pause=self.pause,
            stopwatch=self.stopwatch,
            present=self.present,
            environment=self.environment,
        )

    def granted(self, *names: str) -> None:
        """Let the node register, and the operator grant it what it can do."""
        with self.working(Says(word=True)):
            self.operator.grant(self.id, *names)

    def told(self, name: str) -> list[Event]:
        return [each for each in self.events if each.name == name]


def settled(agent: Agent) -> None:
    """Let a node look for requests, and go on until nothing is left to do."""
    agent._poll_at = 0.0
    agent.step()
    while agent.desk._busy or agent.desk._asking:
        agent.wait(20)
        agent.step()
