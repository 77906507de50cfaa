"""ImportRestApi: `POST /restapis?mode=import` makes a REST API of a Swagger document.

MiniStack takes it for CreateRestApi and makes an empty one, whose every path answers 403.
"""

import json
from urllib.parse import parse_qs

from infra.local.bridges.asgi import App, Caller, Receive, Scope, Send, answer, read_json
from infra.local.bridges.swagger import Loader

_CREATED = 201


def import_rest_api(app: App) -> App:
    """Answer ImportRestApi; pass on the rest."""

    async def bridged(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_import(scope):
            return await app(scope, receive, send)
        call = Caller(app, scope)
        document = await read_json(receive)
        types = parse_qs(scope["query_string"].decode()).get("endpointConfigurationTypes", ["EDGE"])
        wanted = {"name": document["info"]["title"], "endpointConfiguration": {"types": types}}
        api = await call("POST", "/restapis", wanted)
        await Loader(call, api["id"]).load(document)
        made = await call("GET", f"/restapis/{api['id']}")
        return await answer(send, _CREATED, json.dumps(made).encode())

    return bridged


def _is_import(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and (scope["method"], scope["path"]) == ("POST", "/restapis")
        and b"mode=import" in scope["query_string"]
    )
