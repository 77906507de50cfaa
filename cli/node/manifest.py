"""The folder of what a node can do: executables, and a manifest that says what each of them is.

    capabilities.toml
    camera-take

The gateway says whether names and schemas are what they have to be. Here it is seen to that what
would be started is in this folder, and that nobody else can exchange it.
"""

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.problem import Exit, Problem

NAME = "capabilities.toml"
_MOST_SECONDS = 120
_KINDS: Mapping[str, type] = {
    "name": str,
    "description": str,
    "run": str,
    "arguments": dict,
    "effect": str,
    "idempotent": bool,
    "local_mediation": bool,
    "timeout_seconds": int,
}
_REQUIRED = ("name", "description", "run", "arguments", "effect", "idempotent")
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something that this node can do.

    Attributes:
        path: the executable.
        timeout_seconds: how long it may take, if that is less than what it is asked with.
    """

    name: str
    description: str
    path: Path
    arguments: Mapping[str, Any]
    effect: str
    is_idempotent: bool
    needs_mediation: bool
    timeout_seconds: int

    def document(self) -> dict[str, Any]:
        """Return what the gateway is told of it."""
        return {
            "name": self.name,
            "description": self.description,
            "arguments": dict(self.arguments),
            "effect": self.effect,
            "idempotent": self.is_idempotent,
            "local_mediation": self.needs_mediation,
        }


def read(folder: Path) -> Sequence[Tool]:
    """Return what a folder says that this node can do.

    Raises:
        Problem: says which line of the manifest, and the fix.
    """
    folder = folder.absolute()
    entries = _parsed(folder / NAME).get("capability", [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise _bad("capability", "it is not a list of tables", "begin each with [[capability]]")
    tools = [_tool(folder, each, f"capability.{at}") for at, each in enumerate(entries)]
    names = [each.name for each in tools]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise _bad(f"capability.{at}.name", f"{name} is there twice", "name it once")
    return tools


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        detail = f"{path} cannot be read: {error.strerror}"
        fix = "name the folder of your capabilities; docs/node-agent.md shows one"
        raise Problem.of(Exit.USAGE, detail, fix) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem.of(Exit.USAGE, f"{path} is not TOML: {error}", "correct it") from error
    for name in found:
        if name != "capability":
            raise _bad(name, "there is no such entry", "use [[capability]]")
    return found


def _tool(folder: Path, entry: dict[str, Any], field: str) -> Tool:
    _check_entry(entry, field)
    limit = entry.get("timeout_seconds", _MOST_SECONDS)
    if not 1 <= limit <= _MOST_SECONDS:
        fix = f"use 1 to {_MOST_SECONDS}"
        raise _bad(f"{field}.timeout_seconds", f"{limit} is no such time", fix)
    return Tool(
        name=entry["name"],
        description=entry["description"],
        path=_executable(folder, entry["run"], f"{field}.run"),
        arguments=entry["arguments"],
        effect=entry["effect"],
        is_idempotent=entry["idempotent"],
        needs_mediation=entry.get("local_mediation", False),
        timeout_seconds=limit,
    )


def _check_entry(entry: dict[str, Any], field: str) -> None:
    for name in _REQUIRED:
        if name not in entry:
            raise _bad(f"{field}.{name}", "it is missing", "add it")
    for name, value in entry.items():
        if name not in _KINDS:
            raise _bad(f"{field}.{name}", "there is no such field", f"use: {', '.join(_KINDS)}")
        # In Python, a boolean is a number.
        if type(value) is not _KINDS[name]:
            fix = f"use one of the kind {_KINDS[name].__name__}"
            raise _bad(f"{field}.{name}", "it is a value of another kind", fix)


def _executable(folder: Path, name: str, field: str) -> Path:
    if Path(name).name != name:
        raise _bad(field, f"{name!r} is no name of a file", f"put it into {folder}")
    path = folder / name
    try:
        found = path.lstat()
    except (OSError, ValueError) as error:
        raise _bad(field, f"there is no {path}", "put the executable there") from error
    if not stat.S_ISREG(found.st_mode) or not os.access(path, os.X_OK):
        raise _bad(field, f"{path} is not an executable file", f"`chmod 755 {path}`")
    for each in (folder, path):
        state = each.stat()
        if state.st_mode & _WRITABLE or state.st_uid not in {0, os.geteuid()}:
            fix = f"let only root or this user write to it: `chmod go-w {each}`"
            raise _bad(field, f"others may change {each}", fix)
    return path


def _bad(field: str, detail: str, fix: str) -> Problem:
    document = {
        "type": "urn:palyra:cli:usage",
        "detail": f"{NAME}: {field}: {detail}",
        "fix": fix,
        "errors": [{"field": field, "detail": detail, "fix": fix}],
    }
    return Problem(Exit.USAGE, document)
