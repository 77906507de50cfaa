"""The API as a caller sees it: requests in, status, headers and JSON out.

Chalice's test client stands in for API Gateway, so a path that no route has never gets here: the
gateway itself answers it. Every answer is held against the committed OpenAPI document.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.test import Client

from app import app
from chalicelib.access.store import AccessStore
from chalicelib.access.token import mint
from chalicelib.policy.request import Role
from tests.functions.http import contract
from tests.permissions.policies import acting_as
from tests.support.world import World

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any
    size: int


def a_job(**fields: Any) -> dict[str, Any]:
    """Return the body of a good `POST /v1/jobs`, with some fields set."""
    return {
        "name": "health",
        "schedule": {"every": "60s"},
        "prompt": "Summarize health",
        "tools": ["system.health"],
    } | fields


class Api:
    def __init__(self, world: World) -> None:
        self.world = world
        self._tokens: dict[str, str] = {}

    def get(self, path: str, **how: Any) -> Reply:
        return self.send("GET", path, **how)

    def post(self, path: str, body: Any, **how: Any) -> Reply:
        return self.send("POST", path, body, **how)

    def send(
        self,
        method: str,
        path: str,
        body: Any = b"",
        *,
        owner: str = "main",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make a request of an owner; headers given replace those that are sent anyway."""
        sent = {"Authorization": f"Bearer {self.token(owner)}", "Content-Type": "application/json"}
        sent |= headers or {}
        with acting_as("api"):
            answer = _client().http.request(method, path, headers=sent, body=_bytes(body))
        headers = {name: value for name, value in answer.headers.items() if isinstance(value, str)}
        reply = Reply(answer.status_code, headers, answer.json_body, len(answer.body))
        contract.check_answer(method, path, reply.status, reply.headers, reply.body)
        if reply.status < HTTPStatus.MULTIPLE_CHOICES:
            contract.check_request(method, path, _bytes(body))
        return reply

    def job(self, *, owner: str = "main", **fields: Any) -> str:
        """Make a job; return its id."""
        reply = self.post("/v1/jobs", a_job(**fields), owner=owner)
        assert reply.status == 201
        return str(reply.body["id"])

    def run(self, job_id: str, minutes: float = 1, owner: str = "main") -> str:
        """Let the slot of a job that was made at noon run; return the run's id."""
        slot = self.world.at(minutes)
        ref = self.world.services.worker.work.newest(f"{owner}#{job_id}", None, 200)
        (due,) = [task.ref for task in ref if task.ref.slot == slot]
        self.world.services.handle(due)
        return due.run_id

    def pages(self, path: str, limit: int) -> Iterator[list[Any]]:
        """Yield the items of each page of a list."""
        reply = self.get(f"{path}?limit={limit}")
        yield reply.body["items"]
        while reply.body["next"]:
            reply = self.get(f"{path}?limit={limit}&cursor={reply.body['next']}")
            yield reply.body["items"]

    def token(self, owner: str) -> str:
        if owner not in self._tokens:
            token = mint(owner)
            AccessStore().admit(token, name="laptop", now=self.world.clock.now())
            self._tokens[owner] = token.text
        return self._tokens[owner]


def assert_problem(reply: Reply, status: int, *fields: str) -> dict[str, Any]:
    """Check that a reply is a problem (RFC 9457) that blames these fields; return it."""
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = reply.body
    assert problem["type"].startswith("urn:palyra:problem:")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert tuple(error["field"] for error in problem.get("errors", [])) == fields
    assert all(error["detail"] and error["fix"] for error in problem.get("errors", []))
    return problem


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


@cache
def _client() -> Client:
    return Client(app, stage_name="local", project_dir=str(ROOT))


def as_role(api: Api, role: Role, method: str, path: str, body: object = b"") -> Reply:
    """Make a request with a token of a role."""
    token = mint("main")
    AccessStore().admit(token, name=role, now=api.world.clock.now(), role=role)
    return api.send(method, path, body, headers={"Authorization": f"Bearer {token.text}"})
