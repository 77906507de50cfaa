"""The reference of the settings: `docs/settings.md`, and the comments of `palyra.toml`."""

import json
from collections.abc import Mapping
from itertools import groupby
from operator import attrgetter

from chalicelib.settings import Settings
from chalicelib.settings.declaration import Declaration, declarations
from chalicelib.settings.kinds import Value

_TOML_HEAD = """\
# Palyra's settings. They are baked into the functions: a change takes effect with the next deploy.
#
# What is commented out has its default. To set something, delete the # before it and change it,
# then run `python -m infra.settings check`. A variable outranks the file: tasks.max_hops is
# PALYRA_TASKS_MAX_HOPS. `python -m infra.settings write` renews the comments, keeps what is set
# and drops comments of your own.
"""
_PAGE_HEAD = """\
# Settings

<!-- Written by `python -m infra.settings write` from chalicelib/settings/settings.py. -->

They stand in [`palyra.toml`](../palyra.toml), which is baked into the functions when they are
deployed. A variable outranks the file: `make up` deploys the `PALYRA_*` variables of its caller to
the local stage; those of another stage stand in `.chalice/config.json`, as its
`environment_variables`.

- `python -m infra.settings check [--stage NAME]` checks file and variables and shows what is
  effective. `make up` checks before it deploys.
- An unknown section, key or `PALYRA_*` variable, a wrong type and a value outside its range are
  refused by name. A function that finds such a setting does nothing; the API answers 503 and says
  which it is.
- In the file, text stands in quotes; a number, `true` and `false` do not.
- `PALYRA_STAGE` is set by the deploy. `PALYRA_URL` and `PALYRA_TOKEN` are the command's and are
  never deployed.

Nothing keeps a memory yet: `memory.retention` is checked and has no effect.
"""


def page() -> str:
    """Return the content of docs/settings.md."""
    parts = [_PAGE_HEAD]
    for section, declared in _sections():
        parts.append(f"\n## [{section}]\n\n| key | variable | default | values | |\n")
        parts.append("|---|---|---|---|---|\n")
        parts.extend(_row(each) for each in declared)
    return "".join(parts)


def toml(given: Mapping[str, Value]) -> str:
    """Return the content of palyra.toml.

    Args:
        given: what is set in it, by key.
    """
    parts = [_TOML_HEAD]
    for section, declared in _sections():
        parts.append(f"\n[{section}]\n")
        parts.extend(_lines(each, given) for each in declared)
    return "".join(parts)


def _sections() -> list[tuple[str, list[Declaration]]]:
    declared = declarations(Settings).values()
    grouped = groupby(declared, key=attrgetter("section"))
    return [(section, list(members)) for section, members in grouped]


def _row(each: Declaration) -> str:
    is_switch = isinstance(each.default, bool)
    shown = _literal(each.default) if is_switch else each.default
    default = "unset" if each.default is None else f"`{shown}`"
    cells = (f"`{each.name}`", f"`{each.variable}`", default, each.range, each.help)
    return f"| {' | '.join(cells)} |\n"


def _lines(each: Declaration, given: Mapping[str, Value]) -> str:
    explained = f"# {each.help}: {each.range.replace('`', '')}\n"
    if each.key in given:
        return f"{explained}{each.name} = {_literal(given[each.key])}\n"
    if each.default is None:
        return (
            f"{explained}# {each.name} = {_literal(each.example)}  # an example; unset by default\n"
        )
    return f"{explained}# {each.name} = {_literal(each.default)}\n"


def _literal(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)  # Of numbers and of our texts, TOML's form too.
