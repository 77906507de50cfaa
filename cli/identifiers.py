"""Ids on the command line: what a shell completes, and what a path may hold."""

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from cli.problem import Problem
from cli.session import Session

_ROUTINES = "routines"
type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def id_of(noun: str, shown: str, *, required: bool = True) -> Decorator:
    """Return the argument that names a job, run or task; `shown` is what a shell tells of each."""
    complete = _completer_of(noun, shown)
    name = f"{noun}_id"
    metavar = "ID" if required else "[ID]"
    return click.argument(name, metavar=metavar, required=required, shell_complete=complete)


def id_at(where: str, key: str, shown: str, *, noun: str, metavar: str = "ID") -> Decorator:
    """Return the argument that names what a path lists; `key` is the field of its ids."""
    complete = _completer(lambda _context: where, key, shown)
    return click.argument(f"{noun}_id", metavar=metavar, shell_complete=complete)


def job_option(told: str) -> Decorator:
    """Return the option that names a job."""
    complete = _completer_of("job", "name")
    return click.option("--job", "job_id", metavar="ID", shell_complete=complete, help=told)


def family(noun: str, context: click.Context | None = None) -> str:
    """Return what things of a kind are called: jobs are routines to `palyra routines`."""
    parent = (context or click.get_current_context()).parent
    is_routine = noun == "job" and parent is not None and parent.info_name == _ROUTINES
    return _ROUTINES if is_routine else f"{noun}s"


def path(noun: str, text: str) -> str:
    """Return the path of a job, run or task.

    Raises:
        click.BadParameter: nothing can have this id.
    """
    return f"/v1/{family(noun)}/{checked(noun, text)}"


def checked(noun: str, text: str) -> str:
    """Return an id that something could have.

    Raises:
        click.BadParameter: nothing can have this id.
    """
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise click.BadParameter(f"{text!r} is not the id of a {noun}", param_hint="ID")
    return text


def _completer_of(noun: str, shown: str) -> Callable[..., list[CompletionItem]]:
    return _completer(lambda context: f"/v1/{family(noun, context)}", "id", shown)


def _completer(
    where: Callable[[click.Context], str], key: str, shown: str
) -> Callable[..., list[CompletionItem]]:
    def complete(
        context: click.Context, _parameter: click.Parameter, begin: str
    ) -> list[CompletionItem]:
        """Return the newest ids that begin so; nothing where nobody answers."""
        try:
            page = context.ensure_object(Session).api.get(where(context))
        except Problem:
            return []
        found = [each for each in page["items"] if each[key].startswith(begin)]
        return [CompletionItem(each[key], help=each[shown]) for each in found]

    return complete
