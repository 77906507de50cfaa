"""`palyra tasks`: background work of any kind."""

import json
from typing import Any

import click

from cli.columns import Column
from cli.examples import examples
from cli.identifiers import id_of, path
from cli.keys import asks_key
from cli.listing import asks_how_many, show_page
from cli.output import Instant, Screen, State, Value
from cli.payload import Payload, Words
from cli.session import Session, asks_api

STATES = (
    *("queued", "running", "paused", "succeeded", "failed"),
    *("unknown", "cancelled", "expired", "closed", "cancel_requested"),
)
LANES = ("high", "normal", "low")
_COLUMNS = (
    Column("ID", is_whole=True),
    Column("STATE", is_whole=True),
    Column("CREATED", is_whole=True),
    Column("LANE"),
    Column("KIND"),
)
_ATTEMPTS = (
    *(Column("ATTEMPT", is_whole=True), Column("STATE", is_whole=True)),
    *(Column("STARTED", is_whole=True), Column("ENDED", is_whole=True), Column("REASON")),
)
_INSTANTS = ("created_at", "not_before", "expires_at", "started_at", "finished_at")


_task_id = id_of("task", "state")


@click.group()
def tasks() -> None:
    """See, make and move background tasks."""


@tasks.command(
    "list",
    epilog=examples("palyra tasks list --state failed", "palyra tasks list --lane high --all"),
)
@click.option(
    "--state",
    metavar="STATE",
    type=click.Choice(STATES),
    help=f"Only tasks of this state: {', '.join(STATES)}.",
)
@click.option("--lane", type=click.Choice(LANES), help="Only tasks of this lane.")
@click.option(
    "--parent", metavar="ID", help="What came from this task, or the firings of this job."
)
@asks_how_many
@asks_api
def list_tasks(session: Session, *, most: int | None, **filters: str | None) -> None:
    """List tasks, newest first."""
    page = session.api.listed("/v1/tasks", most, **filters)
    show_page(session, page, _COLUMNS, _row, "no tasks")


@tasks.command(epilog=examples("palyra tasks show ID"))
@_task_id
@asks_api
def show(session: Session, task_id: str) -> None:
    """Show a task with its attempts; a firing's id is a task's, too."""
    task = session.api.get(_path(task_id))
    if session.as_json:
        session.screen.document(task)
    else:
        _show(session.screen, task)


@tasks.command(
    epilog=examples(
        'palyra tasks create --prompt "Summarize health" --tool system.health',
        "palyra tasks create --payload @prompt.json --priority 5 --dedupe-key nightly",
    )
)
@click.option("--kind", default="background_prompt", show_default=True, help="What kind of work.")
@click.option("--payload", type=Payload(), help="What it is told: JSON, @file, or - for stdin.")
@click.option("--prompt", type=Words(), help="What to ask; in place of --payload.")
@click.option("--tool", "tools", multiple=True, help="A tool to grant with --prompt; repeatable.")
@click.option("--priority", type=int, help="-10 to 10; above 0 is lane high, below 0 lane low.")
@click.option("--max-attempts", type=int, help="1 to 16 tries before it has failed.")
@click.option("--not-before", metavar="RFC3339", help="When it may begin.")
@click.option("--expires-at", metavar="RFC3339", help="When it ends expired, begun or not.")
@click.option("--dedupe-key", help="A task made with this key before is returned instead.")
@click.option("--parent", metavar="ID", help="The task that delegates it.")
@click.option("--group", help="Its group among its parent's children.")
@click.option("--serial", is_flag=True, default=None, help="One after another within the group.")
@asks_key
@asks_api
def create(
    session: Session,
    *,
    payload: Any,
    prompt: str | None,
    tools: tuple[str, ...],
    key: str | None,
    **fields: Any,
) -> None:
    """Make a task."""
    given = {name: value for name, value in fields.items() if value is not None}
    body = given | {"payload": _payload(payload, prompt, tools)}
    made = session.api.make("/v1/tasks", body, key=key)
    _tell(session, made.document)
    if not made.is_new and (key or "dedupe_key" in given):
        which = "dedupe" if "dedupe_key" in given else "idempotency"
        session.screen.note(f"made before: the {which} key stands for this task")


@tasks.command(epilog=examples("palyra tasks pause ID"))
@_task_id
@asks_api
def pause(session: Session, task_id: str) -> None:
    """Pause a task that has not begun."""
    _tell(session, session.api.post(f"{_path(task_id)}/pause"))


@tasks.command(epilog=examples("palyra tasks resume ID"))
@_task_id
@asks_api
def resume(session: Session, task_id: str) -> None:
    """Let a paused task go on."""
    _tell(session, session.api.post(f"{_path(task_id)}/resume"))


@tasks.command(epilog=examples("palyra tasks retry ID"))
@_task_id
@asks_api
def retry(session: Session, task_id: str) -> None:
    """Give a failed, unknown, cancelled or expired task a new life."""
    _tell(session, session.api.post(f"{_path(task_id)}/retry"))


@tasks.command(epilog=examples('palyra tasks cancel ID --reason "not needed"'))
@_task_id
@click.option("--reason", help="Why; shown with the task and kept in the journal.")
@asks_api
def cancel(session: Session, task_id: str, reason: str | None) -> None:
    """End a task and all that it delegated; what runs is asked to stop."""
    body = None if reason is None else {"reason": reason}
    _tell(session, session.api.post(f"{_path(task_id)}/cancel", body))


def _path(task_id: str) -> str:
    return path("task", task_id)


def _payload(payload: Any, prompt: str | None, tools: tuple[str, ...]) -> Any:
    if (payload is None) == (prompt is None):
        raise click.UsageError("say what to do with one of --payload and --prompt")
    if prompt is None:
        if tools:
            raise click.UsageError("--tool goes with --prompt; name tools in the payload instead")
        return payload
    return {"prompt": prompt, "tools": list(tools)}


def _tell(session: Session, task: dict[str, Any]) -> None:
    if session.as_json:
        session.screen.document(task)
    else:
        session.screen.line(f"{task['id']}  {task['state']}")


def _row(task: dict[str, Any]) -> list[Value]:
    created = Instant(task["created_at"])
    return [task["id"], State(task["state"]), created, task["lane"], task["kind"]]


def _show(screen: Screen, task: dict[str, Any]) -> None:
    instants = [
        (name.removesuffix("_at").replace("_", " "), Instant(task[name])) for name in _INSTANTS
    ]
    cancel = task["cancel"]
    screen.pairs(
        [
            ("id", task["id"]),
            ("kind", task["kind"]),
            ("state", State(task["state"])),
            ("outcome", task.get("outcome")),
            ("reason", task["reason"]),
            ("lane", task["lane"]),
            ("priority", str(task["priority"])),
            *instants,
            ("cancel", f"asked {cancel['requested_at']}: {cancel['reason']}" if cancel else None),
            ("parent", task["parent"]),
            ("group", task["group"]),
            ("children", str(task["children"]) if task["children"] else None),
            ("run", task["run_id"]),
            ("max attempts", str(task["max_attempts"])),
            ("payload", json.dumps(task["payload"], ensure_ascii=False)),
        ]
    )
    if task["attempts"]:
        screen.blank()
        screen.table(_ATTEMPTS, [_attempt(each) for each in task["attempts"]])


def _attempt(attempt: dict[str, Any]) -> list[Value]:
    return [
        str(attempt["number"]),
        State(attempt["state"]),
        Instant(attempt["started_at"]),
        Instant(attempt["ended_at"]),
        attempt["reason"],
    ]
