"""All transitions of a state: who is at work, who comes, the operator, and what happens."""

from collections.abc import Callable, Iterator

from tests.model import (
    claim,
    ending,
    faults,
    jobs,
    lock,
    sweep,
    tasks,
    tick,
    worker,
)
from tests.model.rules import World
from tests.model.state import Label, Move, State, Step, Tick, Worker

type Place = Callable[[World, State, Worker], Move | list[Move]]

PROGRAM: dict[str, Place] = {
    "ask": jobs.ask,
    "claim": claim.claim,
    "lock": lock.lock,
    "holder": lock.holder,
    "waiter": lock.waiter,
    "wait": lock.wait,
    "park": lock.park,
    "look": lock.look,
    "replace": lock.replace,
    "record": lock.record,
    "begin": worker.begin,
    "intent": worker.intent,
    "call": worker.call,
    "result": worker.result,
    "settled": worker.settled,
    "rearm": worker.rearm,
    "continue_at": worker.continue_at,
    "notify": worker.notify,
    "send_child": worker.send_child,
    "cancel": ending.cancel,
    "end": ending.end,
    "release": lock.release,
    "hand_over": lock.hand_over,
    "wake": lock.wake,
    "conclude": ending.conclude,
    "sweep_child": sweep.sweep_child,
    "sweep_end": sweep.sweep_end,
}


def transitions(world: World, state: State) -> Iterator[Step]:
    """Yield every step that anybody may take, within what is left of the budget."""
    for one in dict.fromkeys(state.workers):
        yield from worker_steps(world, state, one)
    for one_tick in dict.fromkeys(state.ticks):
        yield from _tick_steps(world, state, one_tick)
    yield from claim.deliveries(world, state)
    yield from tick.reads(world, state)
    yield from sweep.visits(world, state)
    yield from _operator(world, state)
    yield from faults.happens(world, state)


def worker_steps(world: World, state: State, one: Worker) -> Iterator[Step]:
    """Yield the steps of a process; of each write, also that its reply is lost.

    A write whose reply is lost was made, and the process makes it again: it stays where it is.
    """
    moves = PROGRAM[one.at](world, state, one)
    for verb, shared, then in moves if isinstance(moves, list) else [moves]:
        label = Label(verb, one.row, one.token)
        workers = list(state.workers)
        workers.remove(one)
        if then is not None:
            workers.append(then)
            workers.sort()
        yield Step(label, shared._replace(workers=tuple(workers)))
        if state.budget.lost and _is_written(state, shared):
            lost = shared.budget._replace(lost=state.budget.lost - 1)
            yield Step(label._replace(verb=f"{verb}: REPLY LOST"), shared._replace(budget=lost))


def _is_written(before: State, after: State) -> bool:
    return before.rows is not after.rows or before.hot is not after.hot


def _tick_steps(world: World, state: State, one: Tick) -> Iterator[Step]:
    step = tick.step(world, state, one)
    yield step
    if state.budget.lost and _is_written(state, step.after):
        lost = state.budget._replace(lost=state.budget.lost - 1)
        label = step.label._replace(verb=f"{step.label.verb}: REPLY LOST")
        yield Step(label, step.after._replace(ticks=state.ticks, budget=lost))


def _operator(world: World, state: State) -> Iterator[Step]:
    left = state.budget.operator
    if not left:
        return
    spent = state._replace(budget=state.budget._replace(operator=left - 1))
    yield from jobs.writes(world, spent) if world.is_job else ()
    yield from tasks.writes(world, spent)
