"""The golden table, read; and what policies say to its rows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.policy.engine import PolicyEngine, defaults
from chalicelib.policy.reason import Reason
from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Entity, Question

PERMIT_ALL = '\n@id("open") permit (principal, action, resource);\n'
_TABLE = Path(__file__).with_name("golden.md").read_text(encoding="utf-8")
_PRINCIPALS = ("no role", "viewer", "operator", "admin", "foreign", "daemon", "run")
_GRANTED = {
    "the tool": ["look"],
    "the tool and others": ["watch", "look"],
    "others": ["watch"],
    "nothing": [],
}


class Case(NamedTuple):
    """A cell of the table: a question under a name, and what is said to it."""

    name: str
    question: Question
    verdict: str


def verdict(question: Question, policies: str | None = None) -> str:
    """Return what policies say, in the words of the table."""
    text = defaults() if policies is None else policies
    decision = PolicyEngine(text).decide(question)
    if decision.allowed:
        return "yes"
    if decision.reason is Reason.ERROR:
        return "error"
    return "may" if PolicyEngine(text + PERMIT_ALL).decide(question).allowed else "never"


def cases() -> Iterator[Case]:
    """Yield every cell of the table; those of the API for tokens and for people."""
    for section in _TABLE.split("\n## ")[1:]:
        names, rows = _rows(section)
        for row in rows:
            for principal in [name for name in names if name in _PRINCIPALS]:
                for question in _questions(row, principal):
                    told = " ".join(value for name, value in row.items() if name not in _PRINCIPALS)
                    name = f"{told} by {principal} {question.principal.type}"
                    yield Case(name, question, row[principal])


def _rows(section: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = [line.strip("| ").split(" | ") for line in re.findall(r"^\| .*", section, re.MULTILINE)]
    names, *rows = lines
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def _questions(row: dict[str, str], principal: str) -> Iterator[Question]:
    for kind in ("Token", "Operator") if principal in _PRINCIPALS[:5] else ("",):
        who = _principal(principal, kind, "main")
        if "action" in row:
            resource = Entity(row["resource"], "X", {"owner": "main"})
            yield Question(who, row["action"], resource, {"owner": "main"})
        elif "capability granted" in row:
            yield _use(row, who)
        elif "resource" in row:
            yield _dispatch(row, who)
        else:
            yield _call(row, who)


def _principal(name: str, kind: str, owner: str) -> Entity:
    if name == "daemon":
        return SYSTEM_DAEMON_PRINCIPAL
    if name == "run":
        return Entity("Run", "R", {"owner": owner})
    if name == "foreign":
        return Entity(kind, "x", {"owner": "stranger"}, "admin")
    return Entity(kind, "x", {"owner": owner}, "" if name == "no role" else name)


def context(**facts: Any) -> dict[str, Any]:
    """Return what policies are told of a dispatch, some of it different."""
    return {
        "owner": "main",
        "name": "health",
        "trigger": "schedule",
        "schedule": "cron",
        "created_by": "token:laptop",
        "requested_by": "",
        "tools": ["look"],
        "effects": ["read"],
        "capabilities": ["system:read"],
        "approval": "not_required",
    } | facts


def _dispatch(row: dict[str, str], who: Entity) -> Question:
    effects = [] if row["effects"] == "none" else row["effects"].split()
    attributes = {"effect": "read"} if row["resource"] == "Tool" else {"owner": _owner(row)}
    told = context(effects=effects, approval=row["approval"])
    return Question(who, "dispatch", Entity(row["resource"], "X", attributes), told)


def _call(row: dict[str, str], who: Entity) -> Question:
    told = context(
        tools=_GRANTED[row["granted"]],
        approval=row["approval"],
        owner=_owner(row),
        subject="J",
        tool="look",
    )
    return Question(who, "invoke", Entity("Tool", "look", {"effect": row["effect"]}), told)


def _use(row: dict[str, str], who: Entity) -> Question:
    attributes = {
        "owner": _owner(row),
        "node": "N",
        "effect": "write",
        "granted": row["capability granted"] == "yes",
    }
    resource = Entity("Capability", "N/camera.take", attributes)
    return Question(who, "use_capability", resource, {"owner": _owner(row)})


def _owner(row: dict[str, str]) -> str:
    return "main" if row["owner"] == "same" else "other"
