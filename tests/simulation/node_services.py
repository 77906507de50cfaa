"""What nodes need of the world: the function that issues certificates, and a tool that asks them.

The issuer is a function of its own: whoever invokes it waits for its answer, and where it dies the
caller is told that it did.
"""

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.functions import issuer as trigger
from chalicelib.functions.wiring import capabilities
from chalicelib.functions.wiring.container import Container
from chalicelib.providers import ToolSpec
from chalicelib.runs.node_invoke import node_invoke
from chalicelib.runs.tools import Invocation, Tool
from tests.simulation.faults import Crash

if TYPE_CHECKING:
    from tests.simulation.world import World

NODE, STRANGER = "01JDABCDEFGHJKMNPQRSTVWXYZ", "01JDZZZZZZZZZZZZZZZZZZZZZZ"
ORIGIN = "nodes.sim"
ASK, CAPABILITY = "sim.node", "door.open"


class LambdaClient:
    """What RemoteIssuer asks of botocore's client."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def invoke(self, **arguments: Any) -> Any:
        event = json.loads(arguments["Payload"])
        return self._world.make("Invoke", arguments, lambda: self._issued(event))

    def _issued(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            told = trigger._answered.__wrapped__(trigger._Invocation(event, None))  # type: ignore[attr-defined]
        except Crash:
            self._world.functions.issuer.forget()
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"{}")}
        return {"Payload": io.BytesIO(json.dumps(told).encode())}


def asking_tool(of: Container) -> Tool:
    """Return the tool `node.invoke`, as if a model had said what is to be asked."""

    def call(invocation: Invocation) -> Mapping[str, Any]:
        asked: dict[str, Any] = {"node": NODE, "capability": CAPABILITY}
        asked |= {"wait_seconds": 600, "timeout_seconds": 60}
        return node_invoke(capabilities.invoker(of))(invocation._replace(arguments=asked))

    return Tool(spec=ToolSpec(ASK, "read", ASK), call=call, is_idempotent=True)
