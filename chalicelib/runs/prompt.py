"""The kind of task that is a prompt: a run that no schedule asked for.

Its payload says what to ask, which tools to grant, and what to ask when that has succeeded:
`{"prompt": text, "tools": [name], "then": {"prompt": text, ..}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.background.events import denied
from chalicelib.background.kinds import Continuation, Ending, FollowUp, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.payloads import Payloads
from chalicelib.background.store import End
from chalicelib.background.task import Outcome, State, Task
from chalicelib.clock import Clock
from chalicelib.errors import Invalid, only_fields
from chalicelib.runs.asking import Assignment, Routine
from chalicelib.runs.conclusion import RunConclusion
from chalicelib.runs.consent import Refusal
from chalicelib.runs.service import Progress, RunService
from chalicelib.runs.tools import Toolbox

KIND = "background_prompt"
_FIELDS = {"prompt", "tools", "then"}
_PROMPT_CHARACTERS = 16_384
_MOST_TOOLS = 32
_MOST_THENS = 8
OUTCOME_UNKNOWN = "an outside call may have been made; retry the task to make it again"


@dataclass(kw_only=True, eq=False, repr=False)
class Prompt:
    """Carries out prompts."""

    runs: RunService
    payloads: Payloads
    clock: Clock
    conclusion: RunConclusion

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        """Carry out a prompt.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            Unavailable: the policies could not be read; nothing was decided.
        """
        payload = self.payloads.read(task)
        tools = payload.get("tools", [])
        assignment = Assignment(payload["prompt"], tools, Routine(name=task.kind))
        if not task.has_fired:
            decision = self.runs.admit(task, assignment, lease)
            if isinstance(decision, Waiting):
                return decision
            if not decision.allowed:
                return Ending(
                    end=End(State.CLOSED, Outcome.DENIED, decision.reason),
                    event=denied(task, decision, self.clock.now()),
                )
            self.runs.open(task, assignment, decision)
        progress = self.runs.execute(task, assignment, lease)
        return after(progress, self.clock, payload.get("then"))


def after(
    progress: Progress | Waiting | Refusal,
    clock: Clock,
    then: Mapping[str, Any] | None = None,
) -> Ending | Continuation | Waiting:
    """Return how a task ends, waits or goes on, when its run has come so far."""
    if isinstance(progress, Waiting):
        return progress
    if isinstance(progress, Refusal):
        return Ending(end=End(State.FAILED, Outcome.FIRED, progress.told))
    if progress is Progress.INTERRUPTED:
        return Continuation(clock.now())
    if progress is Progress.UNKNOWN:
        return Ending(end=End(State.UNKNOWN, Outcome.FIRED, OUTCOME_UNKNOWN))
    follow_ups = [FollowUp("then", KIND, then)] if then else []
    return Ending(end=End(State.SUCCEEDED, Outcome.FIRED, ""), follow_ups=follow_ups)


@dataclass(kw_only=True, eq=False, repr=False)
class PromptCheck:
    """Refuses prompts that could not be carried out."""

    tools: Toolbox

    def check(self, payload: Mapping[str, Any]) -> None:
        """Refuse a payload that is not a prompt.

        Raises:
            Invalid: names the field and the fix.
        """
        field, wanted = "payload", payload
        for _ in range(_MOST_THENS):
            self._check_one(field, wanted)
            if wanted.get("then") is None:
                return
            field, wanted = f"{field}.then", wanted["then"]
        raise Invalid(
            "too many prompts follow each other", field=field, fix=f"use at most {_MOST_THENS}"
        )

    def _check_one(self, field: str, payload: Any) -> None:
        if not isinstance(payload, Mapping):
            raise Invalid(f"{field} is not an object", field=field, fix="send an object")
        only_fields(payload, _FIELDS, f"{field}.")
        prompt = payload.get("prompt")
        if not _is_text(prompt):
            raise Invalid(
                "the prompt is not a text",
                field=f"{field}.prompt",
                fix=f"send 1 to {_PROMPT_CHARACTERS} characters",
            )
        self._check_tools(f"{field}.tools", payload.get("tools", []))

    def _check_tools(self, field: str, names: Any) -> None:
        if not isinstance(names, list) or len(names) > _MOST_TOOLS:
            raise Invalid(
                "tools is not a short list", field=field, fix=f"send at most {_MOST_TOOLS} names"
            )
        for position, name in enumerate(names):
            if not isinstance(name, str) or self.tools.find(name) is None:
                raise Invalid(
                    f"there is no tool {name!r:.80}",
                    field=f"{field}.{position}",
                    fix=f"use: {', '.join(self.tools.names())}",
                )


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _PROMPT_CHARACTERS:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # Half a character.
        return False
    return True
