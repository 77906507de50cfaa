"""A node and an operator, as the tests of capabilities have them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.functions.wiring import capabilities as wiring
from chalicelib.functions.wiring import node_upkeep
from chalicelib.functions.wiring.container import container
from chalicelib.policy.request import Role
from tests.functions.http.api import Api, as_role
from tests.functions.http.api import Reply as Answer
from tests.nodes.gateway import Gateway, Node, Reply
from tests.permissions.policies import acting_as
from tests.support.world import World

CLAIM, OTHER_CLAIM = "claim-of-the-first-process", "claim-of-the-second-process"
TAKE = {
    "name": "camera.take",
    "description": "Take a picture.",
    "arguments": {
        "type": "object",
        "properties": {"width": {"type": "integer", "minimum": 1, "maximum": 4000}},
        "required": ["width"],
        "additionalProperties": False,
    },
    "effect": "write",
    "idempotent": False,
    "local_mediation": False,
}
LOOK = TAKE | {"name": "disk.look", "description": "Look.", "effect": "read", "idempotent": True}
OPEN = TAKE | {"name": "desktop.open", "description": "Open.", "local_mediation": True}
ALL = (TAKE, LOOK, OPEN)


@dataclass
class Helper:
    gateway: Gateway
    api: Api = field(init=False)
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.world)
        self.node = self.gateway.node()

    @property
    def world(self) -> World:
        return self.gateway.world

    def move(self, **time: float) -> None:
        self.world.clock.move(timedelta(**time))

    # The node.

    def registered(self, *capabilities: Any, node: Node | None = None) -> Reply:
        body = {"capabilities": list(capabilities or ALL)}
        return (node or self.node).call("POST", "register", body)

    def granted(self, *names: str) -> None:
        """Let the node register everything, and grant some of it."""
        assert self.registered().status == 200
        for name in names:
            assert self.grant(name).status == 200

    def found(self, node: Node | None = None) -> list[str]:
        """Return the ids of what the node could take."""
        reply = (node or self.node).call("GET", "requests")
        assert reply.status == 200, reply
        return [each["id"] for each in reply.body["items"]]

    def take(self, request: str, claim: str = CLAIM, node: Node | None = None) -> Reply:
        return self._said(request, "take", {"claim": claim}, node)

    def mediate(self, request: str, *, agreed: bool, claim: str = CLAIM) -> Reply:
        return self._said(request, "mediation", {"claim": claim, "agreed": agreed})

    def succeed(
        self, request: str, output: Any = None, claim: str = CLAIM, node: Node | None = None
    ) -> Reply:
        said = {"claim": claim, "state": "succeeded", "output": output or {"seen": 1}}
        return self._said(request, "result", said, node)

    def fail(self, request: str, error: str = "no camera", claim: str = CLAIM) -> Reply:
        said = {"claim": claim, "state": "failed", "error": error}
        return self._said(request, "result", said)

    def _said(self, request: str, what: str, said: Any, node: Node | None = None) -> Reply:
        return (node or self.node).call("POST", f"requests/{request}/{what}", said)

    # The operator.

    def path(self, what: str) -> str:
        return f"/v1/nodes/{self.node.id}/{what}"

    def grant(self, name: str, **body: Any) -> Answer:
        return self.api.post(self.path(f"capabilities/{name}/grant"), body)

    def revoke_grant(self, name: str) -> Answer:
        return self.api.post(self.path(f"capabilities/{name}/revoke"), {})

    def invoke(self, name: str = "camera.take", *, key: str = "", **body: Any) -> Answer:
        asked = {"capability": name, "arguments": {"width": 640}} | body
        headers = {"Idempotency-Key": key} if key else {}
        return self.api.post(self.path("invoke"), asked, headers=headers)

    def asked(self, name: str = "camera.take", **body: Any) -> str:
        """Ask the node something; return the request's id."""
        reply = self.invoke(name, **body)
        assert reply.status == 202, reply
        return str(reply.body["id"])

    def request(self, request: str) -> Any:
        reply = self.api.get(self.path(f"invocations/{request}"))
        assert reply.status == 200, reply
        return reply.body

    def state(self, request: str) -> tuple[str, str | None]:
        told = self.request(request)
        return told["state"], told["reason"]

    def stored(self, request: str) -> tuple[str, str]:
        """Return state and reason as the table has them, without judging them by the clock."""
        store = wiring.invoker(container()).keeper.store
        found = store.get("main", self.node.id, request)
        assert found is not None
        return str(found.state), found.reason

    def swept(self) -> int:
        """Let the sweep look after requests."""
        upkeep = node_upkeep.request_upkeep(container())
        with acting_as("sweep"):
            return upkeep.run(self.world.clock.now() + timedelta(seconds=45))

    def as_role(self, role: Role, what: str, body: Any) -> Answer:
        return as_role(self.api, role, "POST", self.path(what), body)
