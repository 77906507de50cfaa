"""How many messages a lane gets while nobody takes any: re-sends must not make a pile of them."""

from collections.abc import Iterator

from chalicelib.background.service import TaskDraft
from chalicelib.runs.prompt import KIND
from tests.bench.figure import Figure
from tests.bench.simulated import rooms

_TASKS, _MINUTES = 20, 60
GOAL = 2 * _TASKS + 6


def figures(*, quick: bool) -> Iterator[Figure]:  # noqa: ARG001 - a count needs no repeats
    """Yield the messages of a lane whose workers are held for an hour."""
    with rooms() as made:
        for _ in range(_TASKS):
            made.tasks.create("main", "token:bench", TaskDraft(kind=KIND, payload={"prompt": "?"}))
        for minute in range(1, _MINUTES + 1):
            made.at(minute)
            made.swept()
        sent = made.cloud.queues.sent
    yield Figure(
        name="messages.held_lane",
        value=sent,
        unit="messages an hour",
        goal=GOAL,
        details={"tasks": _TASKS, "sweeps": _MINUTES},
    )
