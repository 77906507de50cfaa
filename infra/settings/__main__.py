"""`python -m infra.settings check [--stage NAME] | write`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.errors import InvalidSettings
from chalicelib.settings import Settings
from chalicelib.settings.report import Reported
from infra.settings import reference
from infra.settings.check import LOCAL, check, told, variables_of

CHECKOUT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every fault is one line on the terminal."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "write":
            _write()
        else:
            _check(given.stage)
    except InvalidSettings as error:
        for line in told(error.faults):
            print(f"error: {line}", file=sys.stderr)
        return 1
    return 0


def _check(stage: str) -> None:
    variables = variables_of(stage, CHECKOUT, os.environ)
    reported = check(CHECKOUT, variables.deployed).report()
    width = max(len(each.key) for each in reported)
    for each in reported:
        print(f"{each.key:<{width}}  {_shown(each)}")
    if variables.left_out:
        names = ", ".join(variables.left_out)
        print(f"not deployed to {stage}, though set here: {names}. Use .chalice/config.json")


def _shown(each: Reported) -> str:
    value = "unset" if each.value is None else str(each.value)
    return f"{value:<12}  {each.source}"


def _write() -> None:
    # Nothing but what is set in the file: a fault in it must be mended first.
    file = CHECKOUT / "palyra.toml"
    reported = Settings.load({}, file).report()
    given = {each.key: each.value for each in reported if each.source == file.name}
    for path, text in (
        (file, reference.toml(given)),
        (CHECKOUT / "docs" / "settings.md", reference.page()),
    ):
        path.write_text(text)
        print(f"wrote {path.relative_to(CHECKOUT)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.settings", description="Palyra's settings")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="check what would be deployed, and show it")
    checking.add_argument("--stage", default=LOCAL, help="whose variables are used (local)")
    commands.add_parser("write", help="renew palyra.toml's comments and docs/settings.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
