"""`python -m infra.local up | down | token --owner NAME [--days N]`; the place is in variables.

What may be missing is checked before anything that needs it is imported.
"""

import argparse
import os
import sys

from infra.local import environment, preflight
from infra.local.errors import LocalCloudError
from infra.local.place import Place

_MOST_DAYS = 3_650


def main() -> int:
    """Run one command; an error is one line on the terminal."""
    arguments = _parser().parse_args()
    try:
        preflight.check_python()
        preflight.check_packages()
        _run(arguments, Place.from_environment(os.environ))
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _run(arguments: argparse.Namespace, place: Place) -> None:
    if arguments.command == "token":
        _print_token(place, arguments.owner, arguments.days)
        return
    environment.enter(place.emulator_url)
    if arguments.command == "up":
        from infra.local.up import up  # noqa: PLC0415  checked and entered first

        up(place)
    else:
        from infra.local.down import down  # noqa: PLC0415  as above

        down(place)


def _print_token(place: Place, owner: str, days: int | None) -> None:
    from infra.local import api_token, ready  # noqa: PLC0415  as above

    environment.enter(ready.read_up_file(place)["emulator"])
    print(api_token.new(owner, days))


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"use 1 to {_MOST_DAYS} days")
    return days


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infra.local", description="Palyra's cloud, on this machine"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="run it until Ctrl-C")
    commands.add_parser("down", help="end it")
    token = commands.add_parser("token", help="make an API token on the running cloud")
    token.add_argument("--owner", required=True, help="the workspace that the token opens")
    token.add_argument("--days", type=_days, help="how long it is good; for ever if left out")
    return parser


if __name__ == "__main__":
    sys.exit(main())
