"""The operator's writes on one task: cancel, pause, resume, retry; each one conditional write."""

from collections.abc import Iterator

from tests.model.fence import released_at
from tests.model.rules import World
from tests.model.state import (
    CANCELLED,
    HANDED,
    PARENT,
    PAUSED,
    QUEUED,
    RETRIABLE,
    RUNNING,
    Label,
    Row,
    State,
    Step,
    Worker,
)


def writes(world: World, state: State) -> Iterator[Step]:
    """Yield what the operator may do to each task now."""
    for number, row in enumerate(state.rows):
        for verb in world.configuration.operator:
            act = VERBS.get(verb)
            after = act(world, state, number, row) if act and row else None
            if after is not None:
                yield Step(Label(f"operator: {verb}", number), after)


def cancel(world: World, state: State, number: int, row: Row) -> State | None:
    """At once IF state IN (queued, paused), with token + 1; a running task is asked to end.

    A task that may have children is only marked, queued or not: a cancellation at once would end
    it before its children, and a crash in between would leave them to run on. The sweep ends it.
    """
    if not row.is_live or row.cancel_requested:
        return None
    marks = world.is_family and number == PARENT and world.rules.cancel_marks_first
    if marks or row.state == RUNNING:
        return state.with_row(number, row._replace(cancel_requested=True))
    ended = row.ended(CANCELLED, raised=world.rules.cancel_raises_token)
    helper = Worker(released_at(world), number, ended.token, life=row.life)
    return state.with_row(number, ended).with_worker(helper)


def pause(_: World, state: State, number: int, row: Row) -> State | None:
    """SET state = paused IF state = queued; nobody holds it, so the token stays."""
    if row.state != QUEUED or row.cancel_requested:
        return None
    return state.with_row(number, row._replace(state=PAUSED))


def resume(_: World, state: State, number: int, row: Row) -> State | None:
    """SET state = queued IF state = paused, and send its message."""
    if row.state != PAUSED or row.cancel_requested:
        return None
    return state.with_row(number, row._replace(state=QUEUED)).with_message(number)


def retry(_: World, state: State, number: int, row: Row) -> State | None:
    """SET token + 1, queued, handed, attempt = 0, held = 0 IF it failed, and send its message.

    The retried task begins a new life: its steps are numbered on, so its calls have other keys.
    """
    if row.state not in RETRIABLE:
        return None
    again = Row(QUEUED, HANDED, row.token + 1, ver=row.ver, last=row.last, life=row.life + 1)
    again = again._replace(asked=row.asked)
    return state.with_row(number, again).with_message(number)


VERBS = {
    "cancel task": cancel,
    "pause task": pause,
    "resume task": resume,
    "retry task": retry,
}
