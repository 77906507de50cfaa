"""The `palyra` command: its nouns, and how it ends."""

import sys
from typing import NoReturn

import click
from click.shell_completion import get_completion_class

from cli.approvals import approvals
from cli.authority import authority
from cli.doctor import doctor
from cli.gate import pause, resume
from cli.heartbeats import heartbeats
from cli.incidents import incidents
from cli.jobs import jobs
from cli.journal import journal
from cli.node.commands import node
from cli.nodes import nodes
from cli.nodes_capabilities import capabilities
from cli.nodes_invocations import invocations
from cli.pairing import pairing
from cli.policies import policies
from cli.problem import Exit
from cli.routines import routines
from cli.runs import runs
from cli.settings import settings
from cli.status import status
from cli.tasks import tasks

_SHELLS = ("bash", "zsh", "fish")
_EXAMPLES = """\b
Examples:
  palyra status
  palyra jobs create --name health --every 60s --prompt "Summarize health"
  palyra jobs run ID --watch
  palyra runs list
  palyra tasks list --state failed
  palyra journal search --since 2h
  palyra pause --all

\b
Exit codes, the same with and without --json:
  0 done      1 refused, failed or degraded           2 usage
  3 not found                    4 denied
  5 another state or version     69 nobody answers    130 interrupted
"""
_HOW_TO_COMPLETE = """\b
bash: eval "$(palyra completion bash)"        in ~/.bashrc
zsh:  eval "$(palyra completion zsh)"         in ~/.zshrc
fish: palyra completion fish | source         in ~/.config/fish/config.fish
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EXAMPLES)
@click.version_option(package_name="palyra", message="%(prog)s %(version)s")
def palyra() -> None:
    """Operate Palyra from a terminal.

    The local cloud of this folder is found by itself (STATE, or .palyra). Another Palyra is named
    by PALYRA_URL and PALYRA_TOKEN. What talks to it takes --json.
    """


@palyra.command(epilog=_HOW_TO_COMPLETE)
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and ids."""
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - each of the choices has one
    click.echo(found(palyra, {}, "palyra", "_PALYRA_COMPLETE").source())


_NOUNS = (
    *(status, jobs, routines, runs, tasks, approvals, incidents, doctor),
    *(journal, policies, heartbeats, settings, pause, resume),
    *(pairing, nodes, authority, capabilities, invocations, node),
)
for noun in _NOUNS:
    palyra.add_command(noun)


def main() -> NoReturn:
    """Run the command, and exit with its code."""
    try:
        sys.exit(palyra.main(prog_name="palyra", standalone_mode=False) or Exit.OK)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)
