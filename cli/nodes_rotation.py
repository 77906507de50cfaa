"""Waiting until a node has changed its key and certificate."""

from typing import Any

from cli.pace import Pace
from cli.problem import Exit, Problem
from cli.session import Session


def await_rotation(
    session: Session, where: str, asked: dict[str, Any], timeout: float | None
) -> dict[str, Any]:
    """Return a node that calls with a newer certificate than it did when it was asked.

    Args:
        session: what the command talks with.
        where: the node's path.
        asked: the node, as the question was answered.
        timeout: for how many seconds to wait, or None for ever.

    Raises:
        Problem: it was thrown out, the time is over, or nobody answers.
    """
    pace, etag, node = Pace(session, timeout), None, asked
    while node["rotation_asked_at"] is not None:
        pace.wait()
        answer = pace.changed(where, etag)
        if answer is not None:
            node, etag = answer.document, answer.etag
    if node["state"] != "active":
        raise Problem.of(Exit.CONFLICT, f"the node is {node['state']} by now", "look at it again")
    return node
