"""Tasks that the flows are about."""

from typing import Any

from chalicelib.background.rows import WorkRow
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Membership, Task
from chalicelib.incidents.kind import IncidentDomain
from chalicelib.incidents.store import IncidentStore
from chalicelib.runs.prompt import KIND
from tests.support.tasks import OPERATOR
from tests.support.world import World

PRIORITIES = (5, 0, -5)
LARGE = "x" * 5_000


def a_prompt(world: World, prompt: str = "Summarize health", **fields: Any) -> Task:
    """Make a prompt that may ask for the rooms' health."""
    payload = {"prompt": prompt, "tools": ["system.health"]} | fields.pop("payload", {})
    draft = TaskDraft(kind=KIND, payload=payload, **fields)
    return world.services.tasks.create("main", OPERATOR, draft).task


def children(world: World, parent: Task, number: int) -> list[Task]:
    """Delegate prompts, all in one group."""
    group = Membership("group", serial=False)
    return [a_prompt(world, parent=parent.ref.id, membership=group) for _ in range(number)]


def unknown(task: Task) -> Task:
    """Make a task one of a kind that no function knows."""
    WorkRow(*task.ref).update([WorkRow.kind.set("no.such.kind")])
    return task


def resolved(world: World, dedupe_key: str) -> None:
    """Let an incident of the queue be resolved."""
    incident = (IncidentDomain.QUEUE, dedupe_key)
    assert IncidentStore().resolve("main", incident, "it is well again", world.clock.now())
