"""PutRestApi: `PUT /restapis/{id}` overwrites a REST API with a Swagger document.

MiniStack has no such call.
"""

import json
import re

from infra.local.bridges.asgi import App, Caller, Receive, Scope, Send, answer, read_json
from infra.local.bridges.swagger import Loader

REST_API = re.compile(r"/restapis/([^/]+)")
OK = 200


def put_rest_api(app: App) -> App:
    """Answer PutRestApi; pass on the rest."""

    async def bridged(scope: Scope, receive: Receive, send: Send) -> None:
        named = REST_API.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if named is None or scope["method"] != "PUT":
            return await app(scope, receive, send)
        call = Caller(app, scope)
        await Loader(call, named[1]).load(await read_json(receive))
        return await answer(send, OK, json.dumps(await call("GET", scope["path"])).encode())

    return bridged
