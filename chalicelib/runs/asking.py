"""What the policies are asked about a task: whether it may begin, and what its run may call."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chalicelib.background.task import TaskRef
from chalicelib.policy.request import (
    SYSTEM_DAEMON_PRINCIPAL,
    Approval,
    Entity,
    PolicyRequestContext,
    Question,
)
from chalicelib.runs.tools import Tool, Toolbox


class Routine(NamedTuple):
    """What is known of what a run is of.

    Attributes:
        name: of the job; of a task, its kind.
        schedule: `cron`, `every` or `at`; empty where there is none.
    """

    name: str = ""
    schedule: str = ""
    created_by: str = ""
    approval: Approval = Approval.NOT_REQUIRED


class Assignment(NamedTuple):
    """What a run is asked to do, and what it may use."""

    prompt: str
    tools: Sequence[str]
    routine: Routine = Routine()

    @property
    def approved(self) -> "Assignment":
        """Return the same where somebody has approved it."""
        return self._replace(routine=self.routine._replace(approval=Approval.APPROVED))


def context_of(
    ref: TaskRef, requested_by: str, routine: Routine, tools: list[str], box: Toolbox
) -> PolicyRequestContext:
    """Return what policies are told of a dispatch."""
    return PolicyRequestContext(
        owner=ref.owner,
        name=routine.name,
        trigger=_trigger(ref, requested_by),
        schedule=routine.schedule,
        created_by=routine.created_by,
        requested_by=requested_by,
        tools=tools,
        effects=box.effects(tools),
        capabilities=box.capabilities(tools),
        approval=routine.approval,
    )


def dispatch(ref: TaskRef, told: Mapping[str, Any]) -> Question:
    """Return whether the run of a job or task may begin, given what policies are told of it."""
    kind, name = ("Job", ref.subject) if ref.is_slot else ("Task", ref.id)
    resource = Entity(kind, name, {"owner": ref.owner})
    return Question(SYSTEM_DAEMON_PRINCIPAL, "dispatch", resource, told)


def call(ref: TaskRef, told: Mapping[str, Any], tool: Tool) -> Question:
    """Return whether a task's run may call a tool, given what policies were told of the task."""
    name = tool.spec.name
    subject = ref.subject if ref.is_slot else ref.id
    return Question(
        Entity("Run", ref.run_id, {"owner": ref.owner}),
        "invoke",
        Entity("Tool", name, {"effect": tool.spec.effect}),
        {**told, "subject": subject, "tool": name},
    )


def _trigger(ref: TaskRef, requested_by: str) -> str:
    if requested_by:
        return "manual"
    return "schedule" if ref.is_slot else "task"
