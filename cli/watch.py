"""Following a run until it ends."""

from collections.abc import Callable
from typing import Any

import click

from cli import steps
from cli.identifiers import path
from cli.output import State
from cli.pace import Pace
from cli.problem import Exit, Problem
from cli.session import Session

UNFINISHED = frozenset({"queued", "running", "paused", "cancel_requested"})
_SUCCEEDED = "succeeded"


def asks_timeout(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--timeout`."""
    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        help="For how long to follow it; it goes on all the same.",
    )(command)


def follow(session: Session, run_id: str, timeout: float | None) -> None:
    """Print a run's states and steps as they come; end with exit 1 unless it succeeds.

    Raises:
        Problem: there is no such run and no such task, the time is over, or nobody answers.
    """
    pace = Pace(session, timeout)
    try:
        state = Watch(session, pace, run_id).to_the_end()
    except KeyboardInterrupt:
        session.screen.note(f"it goes on: `palyra runs watch {run_id}` follows it again")
        raise
    if state != _SUCCEEDED:
        click.get_current_context().exit(Exit.FAILED)


class Watch:
    """What of a run was printed already."""

    def __init__(self, session: Session, pace: Pace, run_id: str) -> None:
        self._session = session
        self._pace = pace
        self._run_id = run_id
        self._state = ""
        self._links: set[str] = set()
        self._etags: dict[str, str | None] = {}

    def to_the_end(self) -> str:
        """Return the state that it ended in."""
        while True:
            seen = self._look()
            if seen is not None:
                self._tell(seen)
                if seen["state"] not in UNFINISHED:
                    return str(seen["state"])
            self._pace.wait()

    def _look(self) -> dict[str, Any] | None:
        """Return the run, or the task while it has none yet; None while it is as it was."""
        try:
            return self._changed("run")
        except Problem as problem:
            if problem.code is not Exit.NOT_FOUND:
                raise
            return self._task(problem)

    def _task(self, no_run: Problem) -> dict[str, Any] | None:
        try:
            task = self._changed("task")
        except Problem as problem:
            raise no_run if problem.code is Exit.NOT_FOUND else problem from None
        if task is None or task["state"] in UNFINISHED:
            return task
        # Whatever comes of the next look, this end is to be seen again.
        del self._etags["task"]
        try:
            # It may have run since the run was asked for.
            return self._changed("run")
        except Problem as problem:
            if problem.code is not Exit.NOT_FOUND:
                raise
            return task

    def _changed(self, noun: str) -> dict[str, Any] | None:
        answer = self._pace.changed(path(noun, self._run_id), self._etags.get(noun))
        if answer is None:
            return None
        self._etags[noun] = answer.etag
        return answer.document

    def _tell(self, seen: dict[str, Any]) -> None:
        is_over = seen["state"] not in UNFINISHED
        if not is_over:
            self._tell_state(seen)
        for step in seen.get("steps", []):
            self._tell_step(step)
        if is_over:
            self._end(seen)

    def _tell_state(self, seen: dict[str, Any]) -> None:
        if seen["state"] == self._state:
            return
        self._state = seen["state"]
        if self._session.as_json:
            self._event("state", state=self._state)
        else:
            self._session.screen.state(self._run_id, State(self._state))

    def _tell_step(self, step: dict[str, Any]) -> None:
        if step["link"] in self._links:
            return
        self._links.add(step["link"])
        if self._session.as_json:
            self._event("step", step=step)
        else:
            steps.tell(self._session.screen, step)

    def _end(self, seen: dict[str, Any]) -> None:
        reason, result = seen["reason"], seen.get("result")
        if self._session.as_json:
            self._event("end", state=seen["state"], reason=reason, result=result)
            return
        self._session.screen.state(self._run_id, State(seen["state"]), reason or "")
        if result is not None:
            self._session.screen.blank()
            self._session.screen.text(result)

    def _event(self, event: str, **more: Any) -> None:
        self._session.screen.event({"event": event, "run_id": self._run_id} | more)
