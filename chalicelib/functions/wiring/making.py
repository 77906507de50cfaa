"""What makes tasks, for operators and for the tasks that others follow."""

from functools import cache

from chalicelib.background.maker import Maker
from chalicelib.background.payloads import Payloads
from chalicelib.functions.wiring.container import Container, pace


@cache
def maker(of: Container) -> Maker:
    """Return what makes tasks."""
    return Maker(payloads=Payloads(), clock=of.clock, pace=pace(of), shards=of.settings.shards)
