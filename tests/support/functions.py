"""Functions that are invoked by others: run in this process, held to their own policies.

Events and answers go through JSON, as they do on the way to Lambda and back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from io import BytesIO, StringIO
from typing import Any

import pytest
from botocore.client import BaseClient

_STAGE = "palyra-local-"
# The module of each function that others invoke, and the class of its policy.
_FUNCTIONS = {"node_issuer": ("chalicelib.functions.issuer", "issuer")}


@contextmanager
def invoking_here() -> Iterator[None]:
    """Let `Invoke` run the function here."""
    make = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation != "Invoke":
            return make(client, operation, arguments)
        return _invoked(arguments["FunctionName"], arguments["Payload"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        yield


def _invoked(name: str, payload: bytes) -> dict[str, Any]:
    from tests.permissions.policies import acting_as  # noqa: PLC0415  it stands on the world

    module, kind = _FUNCTIONS[name.removeprefix(_STAGE)]
    handler: Callable[[Any, Any], Any] = getattr(import_module(module), name.removeprefix(_STAGE))
    # What it prints goes into its own log, and not between what its caller prints.
    with acting_as(kind), redirect_stdout(StringIO()):
        answer = handler(json.loads(payload), None)
    return {"StatusCode": 200, "Payload": BytesIO(json.dumps(answer).encode())}
