"""One call of the command: the API, the screen, and how an end is told."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, wraps
from typing import Any

import click

from cli import times
from cli.client import Api
from cli.connection import connect
from cli.output import Screen
from cli.problem import Problem


@dataclass(kw_only=True, eq=False, repr=False)
class Session:
    """What every command needs.

    Attributes:
        pause: waits for so many seconds.
        stopwatch: the seconds that have passed since some instant.
        present: what time it is on this machine.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    screen: Screen = field(default_factory=Screen)
    as_json: bool = False
    pause: Callable[[float], None] = time.sleep
    stopwatch: Callable[[], float] = time.monotonic
    present: Callable[[], datetime] = times.now

    def __post_init__(self) -> None:
        self._began = self.stopwatch(), self.screen.present

    def look_at_the_clock(self) -> None:
        """Let distances be told from now, and not from when the command was started."""
        began, present = self._began
        self.screen.present = present + timedelta(seconds=self.stopwatch() - began)

    @cached_property
    def api(self) -> Api:
        """Return the API.

        Raises:
            Problem: nothing says where it is.
        """
        return connect(self.environment)


def asks_api(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the session and `--json`, and tell its problems."""

    @wraps(command)
    def run(*, as_json: bool, **given: Any) -> None:
        context = click.get_current_context()
        session = context.ensure_object(Session)
        session.as_json = as_json
        try:
            command(session, **given)
        except Problem as problem:
            session.screen.problem(problem, as_json=as_json)
            context.exit(problem.code)

    return click.option("--json", "as_json", is_flag=True, help="Print the API's own JSON.")(run)
