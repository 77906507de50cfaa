"""What makes incidents of dead letters."""

from functools import cache

from chalicelib.background.dead_letters import DeadLetters
from chalicelib.functions.wiring.container import Container, work
from chalicelib.incidents.store import IncidentStore


@cache
def dead_letters(of: Container) -> DeadLetters:
    """Return what buries dead letters."""
    return DeadLetters(work=work(of), incidents=IncidentStore(), clock=of.clock)
