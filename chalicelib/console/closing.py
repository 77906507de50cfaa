"""The banner of every page while the gate is closed."""

from datetime import datetime
from typing import NamedTuple

from chalicelib.background.gate.gate import EVERYTHING, Gate


class Closed(NamedTuple):
    """Why no work begins.

    Attributes:
        why: in words.
        command: what opens the gate again.
    """

    since: datetime
    by: str
    why: str
    command: str


def closed(gate: Gate, owner: str) -> Closed | None:
    """Return why no work of an owner begins, or None where it does."""
    period = gate.closed(owner)
    if period is None:
        return None
    command = "palyra resume --all"
    if not gate.is_closed_by(owner) and gate.is_closed_by(EVERYTHING):
        command = f"{command} --everybody"
    return Closed(period.since, period.by, gate.why(owner), command)
