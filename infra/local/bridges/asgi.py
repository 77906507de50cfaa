"""The few words of ASGI that the bridges share."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

type Message = MutableMapping[str, Any]
type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = (b"content-type", b"application/json")
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"transfer-encoding"})
_REFUSED = 300


class RefusedError(Exception):
    """The emulator refused a call that a bridge made of it."""

    def __init__(self, method: str, path: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {path}: {status} {body[:300]!r}")
        self.status = status
        self.body = body


async def read_json(receive: Receive) -> Any:
    """Return the whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return json.loads(body or b"{}")


async def answer(send: Send, status: int, body: bytes) -> None:
    """Send a whole JSON answer."""
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Caller:
    """Calls the app behind a bridge, with the credentials of the request that is being answered."""

    def __init__(self, app: App, scope: Scope) -> None:
        self._app = app
        self._scope = scope

    async def __call__(self, method: str, path: str, payload: object = None) -> Any:
        """Make one JSON call; what is refused is raised."""
        body = b"" if payload is None else json.dumps(payload).encode()
        answered = _Answer()
        await self._app(self._request(method, path, body), _once(body), answered)
        if answered.status >= _REFUSED:
            raise RefusedError(method, path, answered.status, answered.body)
        return json.loads(answered.body or b"{}")

    def _request(self, method: str, path: str, body: bytes) -> Scope:
        kept = [
            (name, value)
            for name, value in self._scope["headers"]
            if name.lower() not in _OF_THE_BODY
        ]
        return {
            **self._scope,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [*kept, _JSON, (b"content-length", str(len(body)).encode())],
        }


class _Answer:
    """Collects what an app sends."""

    def __init__(self) -> None:
        self.status = 500
        self.body = b""

    async def __call__(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


def _once(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
