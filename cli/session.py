"""One call of the command: the API, the screen, and how an end is told."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any

import click

from cli.client import Api, connect
from cli.output import Screen
from cli.problem import Problem


@dataclass(kw_only=True, eq=False, repr=False)
class Session:
    """What every command needs."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    screen: Screen = field(default_factory=Screen)
    as_json: bool = False

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
