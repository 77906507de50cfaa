"""HTTP as bytes: requests that no client would send, and the answers to them."""

import http.client
import json
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx

from infra.local.place import LOOPBACK
from tests.support.hostile import Request

_ANSWER_SECONDS = 40.0


@dataclass(frozen=True, eq=False)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def body(self) -> Any:
        """What its JSON says; nothing, if it is none."""
        is_json = self.headers.get("content-type", "").endswith("json")
        return json.loads(self.content) if is_json and self.content else None

    @property
    def is_the_apps(self) -> bool:
        """Whether the function was asked, and not refused before by what stands in front of it."""
        return "x-amzn-requestid" in self.headers


def encoded(request: Request, port: int) -> bytes:
    """Return a request as it goes over the wire."""
    headers = [("Host", f"{LOOPBACK}:{port}"), ("Connection", "close"), *request.headers]
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        headers.append(("Content-Length", str(len(request.body))))
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def send(data: bytes, port: int) -> Reply:
    """Send bytes, say that they are all, and read the answer."""
    with socket.create_connection((LOOPBACK, port), timeout=_ANSWER_SECONDS) as connection:
        # Who answers before the end may close before it.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        method = data.partition(b" ")[0].decode("latin-1")
        with closing(http.client.HTTPResponse(connection, method=method)) as response:
            response.begin()
            headers = httpx.Headers(response.getheaders())
            return Reply(response.status, headers, response.read())
