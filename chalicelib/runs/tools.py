"""Tools: what a run may call, each with the effect that policies judge it by."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from chalicelib.providers import ToolSpec


class Invocation(NamedTuple):
    """One call of a tool.

    Attributes:
        key: the idempotency key, `run#step`: the same whenever the same call is made again.
        task_id: the task whose run calls; empty where none does.
    """

    owner: str
    key: str
    arguments: Mapping[str, Any]
    task_id: str = ""


class NotYet(Exception):
    """The answer of a call is not there yet: the run waits for it without a worker.

    The tool must be idempotent, since the call is made again when the run goes on; and whoever
    brings the answer sends the message of the task.

    Attributes:
        reason: what is waited for.
        is_there: asked when the task was put back; whether the answer came meanwhile.
    """

    def __init__(self, reason: str, is_there: Callable[[], bool]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_there = is_there


class OutcomeUnknown(Exception):
    """Nobody knows whether what was called for was done; an operator decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: what it is, and how it is called.

    Attributes:
        call: makes the call and returns what it found.
        is_idempotent: a call whose outcome nobody knows may be made again with the same key.
        deadline: how long a call may take; its worker stays believed alive for so long.
    """

    spec: ToolSpec
    call: Callable[[Invocation], Mapping[str, Any]]
    is_idempotent: bool = False
    deadline: timedelta = timedelta(seconds=30)


class Toolbox:
    """The tools that exist."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    def specs(self, names: Iterable[str]) -> list[ToolSpec]:
        """Return what models are told of the named tools; unknown ones are left out."""
        return [self._tools[name].spec for name in names if name in self._tools]

    def effects(self, names: Iterable[str]) -> list[str]:
        """Return what the named tools can do; `unknown` where one of them does not exist."""
        found = (self._tools.get(name) for name in names)
        return sorted({tool.spec.effect if tool else "unknown" for tool in found})

    def capabilities(self, names: Iterable[str]) -> list[str]:
        """Return what the named tools can do by the room that each reaches: `journal:read`."""
        found = ((name.partition(".")[0], self._tools.get(name)) for name in names)
        return sorted({f"{room}:{of.spec.effect if of else 'unknown'}" for room, of in found})

    def names(self) -> list[str]:
        """Return the names of all tools."""
        return sorted(self._tools)

    def all(self) -> Iterable[Tool]:
        """Return all tools."""
        return self._tools.values()

    def find(self, name: str) -> Tool | None:
        """Return a tool, or None."""
        return self._tools.get(name)


def system_health(probes: Mapping[str, Callable[[], Mapping[str, Any]]]) -> Tool:
    """Return the tool that asks each room for its health, under the room's name."""

    def call(_invocation: Invocation) -> Mapping[str, Any]:
        return {room: dict(probe()) for room, probe in probes.items()}

    return Tool(
        spec=ToolSpec(
            name="system.health",
            effect="read",
            description="Queue depths, active runs, the oldest due slot and the last tick.",
        ),
        call=call,
        is_idempotent=True,
    )
