"""What passes between a run and a model, whichever model it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple, Protocol


class ToolSpec(NamedTuple):
    """A tool as a model sees it; `effect` is `read` for one that only looks."""

    name: str
    effect: str
    description: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class ToolResult(NamedTuple):
    """What a tool returned; where it was refused, why."""

    tool: str
    ok: bool
    content: Mapping[str, Any]


class Answer(NamedTuple):
    """The model is done."""

    text: str


Turn = ToolCall | ToolResult | Answer


class Conversation(NamedTuple):
    """All that a model is told: the prompt, the granted tools, and what was said so far."""

    prompt: str
    tools: Sequence[ToolSpec]
    turns: Sequence[Turn]


class ModelProvider(Protocol):
    """Something that goes on with a conversation.

    Attributes:
        deadline: how long an answer may take.
    """

    name: str
    deadline: timedelta

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        """Return the next turn."""
