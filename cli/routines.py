"""`palyra routines`: the commands of `palyra jobs`, below `/v1/routines`."""

import copy
import re

import click

from cli.jobs import jobs

_JOB = re.compile(r"\bjob(?=s?\b)")


def _told(text: str | None) -> str | None:
    return None if text is None else _JOB.sub("routine", text)


def _renamed(command: click.Command) -> click.Command:
    """Return a command as it is told of routines; what it does is the same."""
    renamed = copy.copy(command)
    renamed.help, renamed.epilog = _told(command.help), _told(command.epilog)
    return renamed


routines = click.Group(
    "routines",
    help="See, make, change and run routines: jobs, and whatever else has a trigger.",
    commands={name: _renamed(command) for name, command in jobs.commands.items()},
)
