"""Tasks as callers make them, and the workers that carry them out."""

from typing import Any

from chalicelib.background.task import Task, TaskRef
from tests.functions.http.api import Api


def a_task(**fields: Any) -> dict[str, Any]:
    """Return the body of a good `POST /v1/tasks`, with some fields set."""
    payload = {"prompt": "Summarize health", "tools": ["system.health"]}
    return {"kind": "background_prompt", "payload": payload} | fields


def made(api: Api, *, owner: str = "main", **fields: Any) -> str:
    """Make a task; return its id."""
    reply = api.post("/v1/tasks", a_task(**fields), owner=owner)
    assert reply.status == 201
    return str(reply.body["id"])


def shown(api: Api, task_id: str) -> dict[str, Any]:
    """Return a task as the API shows it."""
    body: dict[str, Any] = api.get(f"/v1/tasks/{task_id}").body
    return body


def moved(api: Api, task_id: str, how: str) -> dict[str, Any]:
    """Pause, resume, retry or cancel a task; return it as the API shows it then."""
    reply = api.send("POST", f"/v1/tasks/{task_id}/{how}")
    assert reply.status == (202 if how == "cancel" else 200)
    body: dict[str, Any] = reply.body
    return body


def claimed(api: Api, task_id: str) -> Task:
    """Let a worker take a task, and do nothing with it yet."""
    work = api.world.services.worker.work
    return work.claim(TaskRef.of("main", task_id), "a worker", api.world.clock.now())


def performed(api: Api, task_id: str, **settings: int) -> None:
    """Let a worker take a task's message."""
    api.world.container(**settings).handle(TaskRef.of("main", task_id))
