"""An empty `/minimumCompressionSize` in UpdateRestApi, with which Chalice ends every deploy.

It switches compression off. MiniStack stores the empty text, and botocore, which expects a number,
fails on every later answer that shows it. Compression is off anyway: the patch is dropped.
"""

import json
from typing import Any

from infra.local.bridges.asgi import App, Caller, Receive, Scope, Send, answer, read_json
from infra.local.bridges.put_rest_api import OK, REST_API


def drop_empty_compression(app: App) -> App:
    """Pass on UpdateRestApi without the patch; pass on the rest."""

    async def bridged(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_update(scope):
            return await app(scope, receive, send)
        update = await read_json(receive)
        update["patchOperations"] = [
            operation for operation in update["patchOperations"] if not _is_empty(operation)
        ]
        updated = await Caller(app, scope)("PATCH", scope["path"], update)
        return await answer(send, OK, json.dumps(updated).encode())

    return bridged


def _is_update(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "PATCH"
        and REST_API.fullmatch(scope["path"]) is not None
    )


def _is_empty(operation: dict[str, Any]) -> bool:
    return operation["path"] == "/minimumCompressionSize" and not operation.get("value")
