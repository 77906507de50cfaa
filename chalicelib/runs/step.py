"""Steps: one model or tool call of a run each, linked to the one before.

A step is put under the token of the worker that made it, and becomes real when the task's
checkpoint points to it. The transcript is what the links lead back to from there; a step of a
worker that lost its claim lies beside that chain and is never read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.background.task import Checkpoint
from chalicelib.journal.chain import canonical, genesis, link
from chalicelib.providers import Answer, ToolCall, ToolResult, Turn
from chalicelib.redaction import redact, redact_text

_TOKEN_DIGITS = 6
_SEQ_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step as it is stored.

    Attributes:
        run_id: the run it belongs to; its steps are one hash chain of that name.
        checkpoint: the token it was made under, and its number in the run from 1.
        previous: sort key of the step before it, empty for the first.
        previous_link: link of the step before it.
        at: when it was made, as RFC 3339.
        content: the turn as canonical JSON.
    """

    run_id: str
    checkpoint: Checkpoint
    previous: str
    previous_link: str
    at: str
    content: str

    @property
    def key(self) -> str:
        """Return the step's sort key in its run."""
        return step_key(self.checkpoint)

    @property
    def link(self) -> str:
        """Return the step's link in the chain of its run."""
        return link(self.run_id, f"{self.key}@{self.at}", self.previous_link, self.content)

    @property
    def turn(self) -> Turn:
        """Return what was said."""
        return _decode(json.loads(self.content))


def first_link(run_id: str) -> str:
    """Return the link before a run's first step."""
    return genesis(run_id)


def step_key(checkpoint: Checkpoint) -> str:
    """Return the sort key of the step that a checkpoint points to."""
    return f"{checkpoint.token:0{_TOKEN_DIGITS}}#{checkpoint.seq:0{_SEQ_DIGITS}}"


def encode(turn: Turn) -> str:
    """Return a turn as canonical JSON, without the secrets in it."""
    if isinstance(turn, Answer):
        return canonical({"kind": "model", "answer": redact_text(turn.text)})
    # A model may make a name up.
    tool = redact_text(turn.tool)
    if isinstance(turn, ToolCall):
        return canonical({"kind": "model", "tool": tool, "arguments": redact(turn.arguments)})
    content = redact(turn.content)
    return canonical({"kind": "tool", "tool": tool, "ok": turn.ok, "content": content})


def transcript(steps: Iterable[Step], last: Checkpoint | None) -> list[Step]:
    """Return the accepted steps of a run in order: those that lead to its checkpoint.

    Raises:
        BrokenTranscript: a step that another one follows is missing.
    """
    by_key = {step.key: step for step in steps}
    accepted: list[Step] = []
    key = step_key(last) if last else ""
    while key:
        if key not in by_key:
            raise BrokenTranscript(f"step {key} is missing")
        accepted.append(by_key[key])
        key = by_key[key].previous
    return accepted[::-1]


class BrokenTranscript(Exception):
    """An accepted step of the run is missing."""


def _decode(content: Mapping[str, Any]) -> Turn:
    if content["kind"] == "tool":
        return ToolResult(content["tool"], content["ok"], content["content"])
    if "answer" in content:
        return Answer(content["answer"])
    return ToolCall(content["tool"], content["arguments"])
