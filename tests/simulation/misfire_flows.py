"""Flows of what is missed and made up for, of jobs that end by themselves, and of the gate."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib.background.service import TaskDraft
from chalicelib.background.task import Lane
from chalicelib.scheduler.rows import HotRow
from chalicelib.scheduler.service import Change, Draft
from chalicelib.scheduler.terms import CronMisfirePolicy
from chalicelib.schedules import normalize_schedule
from tests.simulation.checker import JOB_SECONDS
from tests.simulation.concurrency_flows import FLOWS
from tests.simulation.flows import deliver, flow, operate, rounds, sweep, tick
from tests.simulation.job_flows import ask, carry_on, edit, every, pause, resume, run_now, the_job
from tests.simulation.world import MINUTE, World

__all__ = ["FLOWS"]

_ACTOR = "token:simulation"
_HOUR = 60 * MINUTE
_SECOND = timedelta(seconds=1)
_LANES = tuple(Lane)
_REVIEWER = "token:reviewer"


def a_job_of(
    *tools: str, seconds: int = 3_600, counts: bool = False, **terms: Any
) -> Callable[[World], None]:
    """Begin with a job of certain terms, before its first slot is handed over."""

    def prepare(world: World) -> None:
        api = world.functions.api
        schedule = normalize_schedule({"every": f"{seconds}s"}, now=api.clock.now())
        draft = Draft("job", schedule, "look", list(tools), terms=terms)
        job = api.jobs.create("main", _ACTOR, draft).job
        world.memo.update(ticks=True, job=f"main#{job.id}", lanes=_LANES, counts=counts)

    return prepare


CATCHES_UP = a_job_of(misfire=CronMisfirePolicy.CATCH_UP)


def an_outage(hours: int, prepare: Callable[[World], None] = CATCHES_UP) -> Callable[[World], None]:
    """Begin with a job of which slots were missed for hours, and ticked for by one tick."""

    def prepare_both(world: World) -> None:
        prepare(world)
        world.pass_time(hours * _HOUR + 10 * MINUTE)
        world.functions.tick.tick.run()
        world.functions.tick.forget()

    return prepare_both


def ticked(world: World, rounds: int) -> None:
    """Let some minutes pass with their ticks and messages."""
    for _ in range(rounds):
        tick(world)
        deliver(world)
        world.settle()
        world.pass_time(MINUTE)


def a_job_of_older_clocks(world: World) -> None:
    """Begin with a job whose next slot was computed with another tzdata than that of today."""
    api = world.functions.api
    schedule = normalize_schedule({"cron": "*/5 * * * *"}, now=api.clock.now())
    job = api.jobs.create("main", _ACTOR, Draft("job", schedule, "look", [])).job
    world.memo.update(ticks=True, job=f"main#{job.id}", lanes=_LANES)
    older = schedule.text().rpartition(" ")[0] + " 2000a"
    HotRow.change(f"main#{job.id}", "hot", [HotRow.schedule.set(older)], HotRow.pk.exists())


# What is missed.


@flow(a_job_of_older_clocks)
def clocks_decided_anew(world: World) -> None:
    """Two ticks meet a job whose next slot was computed with another tzdata."""
    world.pass_time(4 * MINUTE)
    tick(world)
    tick(world)
    world.settle()
    ticked(world, 2)


@flow(CATCHES_UP)
def caught_up(world: World) -> None:
    """No tick came for hours: up to three missed slots run, of more only the newest."""
    hours = world.chance.choice((2, 3, 4, 12))
    world.pass_time(hours * _HOUR + 10 * MINUTE)
    tick(world)
    tick(world)
    world.settle()
    deliver(world)
    world.settle()
    ticked(world, 2)


@flow(CATCHES_UP)
def caught_up_twice(world: World) -> None:
    """Ticks come, or die, at different times after an outage; the first are few."""
    world.pass_time(3 * _HOUR + 10 * MINUTE)
    tick(world)
    world.settle()
    world.pass_time(world.chance.choice((1, 59, 61)) * MINUTE)
    tick(world)
    tick(world)
    world.settle()
    deliver(world)
    world.settle()


@flow(CATCHES_UP)
def out_for_days(world: World) -> None:
    """No tick came for two days: what is older than one waits for an operator."""
    world.pass_time(world.chance.choice((25, 28, 50)) * _HOUR + 10 * MINUTE)
    tick(world)
    tick(world)
    world.settle()
    ticked(world, 1)


@flow(CATCHES_UP)
def out_and_changed(world: World) -> None:
    """A job is paused, edited or resumed while a tick finds what it missed for days."""
    world.pass_time(30 * _HOUR + 10 * MINUTE)
    tick(world)
    if world.chance.random() < 1 / 4:
        edit(world, Change(prompt="look again"))
    pause(world)
    world.settle()
    resume(world)
    tick(world)
    carry_on(world)


# What makes up for it.


def replay(world: World, *, elsewhere: bool = False, limit: int = 2) -> None:
    """Ask for missed slots to be replayed."""
    job = the_job(world)
    operate(
        world,
        lambda api: api.making_up.replay("main", _REVIEWER, job, limit),
        elsewhere=elsewhere,
    )


def dismiss(world: World, *, elsewhere: bool = False) -> None:
    """Ask for missed slots to be let be."""
    job = the_job(world)
    operate(world, lambda api: api.making_up.dismiss("main", _REVIEWER, job), elsewhere=elsewhere)


def backfill(world: World, hours: int = 3, *, elsewhere: bool = False) -> None:
    """Ask for two slots of the last hours, as far as an operator's clock may be ahead."""
    ahead = 6 * MINUTE if world.is_skewed else timedelta()
    job, now = the_job(world), world.now - ahead

    def make(api: Any) -> Any:
        return api.making_up.backfill("main", _REVIEWER, job, now - hours * _HOUR, now, 2)

    operate(world, make, elsewhere=elsewhere)


@flow(an_outage(30))
def replayed(world: World) -> None:
    """What waits for an operator is replayed by two at once, while a tick comes."""
    replay(world)
    replay(world, elsewhere=world.chance.random() < 1 / 2)
    tick(world)
    world.settle()
    world.pass_time(4 * _SECOND)
    deliver(world)
    ticked(world, 2)


@flow(an_outage(30))
def decided(world: World) -> None:
    """One operator dismisses what another replays, and a tick adds to it meanwhile."""
    dismiss(world)
    if world.chance.random() < 1 / 2:
        replay(world, elsewhere=True)
    tick(world)
    world.settle()
    dismiss(world)
    world.settle()
    ticked(world, 2)


@flow(an_outage(30))
def decided_late(world: World) -> None:
    """Another outage begins before an operator has decided, and ends while one does."""
    world.pass_time(30 * _HOUR)
    tick(world)
    do = world.chance.choice((dismiss, replay))
    do(world)
    world.settle()
    ticked(world, 1)


@flow(an_outage(5, a_job_of()))
def backfilled(world: World) -> None:
    """Two operators backfill a range that was missed, while a tick comes."""
    backfill(world)
    backfill(world, 2, elsewhere=True)
    tick(world)
    world.settle()
    world.pass_time(4 * _SECOND)
    deliver(world)
    ticked(world, 2)


def a_run(world: World) -> None:
    """Begin with a job of every minute whose first slot has run."""
    a_job_of("sim.slow", seconds=60)(world)
    world.pass_time(MINUTE)
    world.functions.tick.tick.run()
    message = world.queues.visible()[0]
    world.functions.worker(message.lane).take(message.body, world.now + 4 * MINUTE)
    world.queues.delete(message)
    world.functions.workers["normal"][0].forget()
    world.functions.workers["normal"][1].forget()


@flow(a_run)
def backfilled_beside(world: World) -> None:
    """A backfill meets what has run, what is running, what is run at once, and itself."""
    backfill(world, 1)
    world.settle()
    run_now(world)
    world.settle()
    world.pass_time(3 * _SECOND)
    deliver(world)
    world.settle()
    ticked(world, 2)


# Pauses that end by themselves.


@flow(a_job_of(seconds=JOB_SECONDS))
def paused_until(world: World) -> None:
    """A job is paused over one slot or more, and resumes by itself; perhaps an operator comes."""
    if world.chance.random() < 1 / 2:
        ticked(world, 3)
    until = world.now + world.chance.choice((1, 4, 9)) * MINUTE
    ask(world, lambda api, actor: api.jobs.pause("main", actor, the_job(world), until))
    world.settle()
    for _ in range(3):
        world.pass_time(3 * MINUTE + 3 * _SECOND)
        tick(world)
        if world.chance.random() < 1 / 4:
            resume(world, elsewhere=True)
        deliver(world)
        world.settle()
    carry_on(world)


@flow(a_job_of(seconds=JOB_SECONDS))
def paused_until_changed(world: World) -> None:
    """A pause until an instant is made longer, or the job edited, as a tick ends it."""
    pause_until(world, 4)
    world.settle()
    world.pass_time(4 * MINUTE + 2 * _SECOND)
    tick(world)
    do = world.chance.choice(
        (pause, resume, lambda it: edit(it, every(120)), lambda world: pause_until(world, 9))
    )
    do(world)
    world.settle()
    world.pass_time(11 * MINUTE)
    tick(world)
    world.settle()
    carry_on(world)


def pause_until(world: World, minutes: int) -> None:
    """Ask for a job to pause for some minutes."""
    until = world.now + minutes * MINUTE
    ask(world, lambda api, actor: api.jobs.pause("main", actor, the_job(world), until))


# Jobs that come to an end, or to harm.


@flow(a_job_of("sim.flaky", seconds=60, counts=True, max_attempts=1, pause_after=2))
def failing(world: World) -> None:
    """A job's runs fail, until it is paused for that; or one works between."""
    world.checker.flaking = world.chance.choice((1, 2, 5, 9))
    ticked(world, 5)
    world.settle()


@flow(a_job_of("sim.flaky", seconds=60, counts=True, max_attempts=1, pause_after=1))
def failing_once(world: World) -> None:
    """A job is paused by its first failure, while an operator changes it."""
    world.checker.flaking = 1
    ticked(world, 2)
    edit(world, Change(prompt="look again"))
    ticked(world, 2)


@flow(a_job_of("sim.look", seconds=60, counts=True, max_runs=2))
def counted(world: World) -> None:
    """A job makes all its runs and is completed; its slots come two at once."""
    ticked(world, 2)
    world.pass_time(MINUTE)
    tick(world)
    world.settle()
    world.pass_time(MINUTE)
    deliver(world)
    world.settle()
    ticked(world, 3)


# The gate.


def close_gate(world: World, *, elsewhere: bool = False) -> None:
    """Let an operator pause everything of theirs."""
    operate(world, lambda api: api.gate.close("main", _ACTOR), elsewhere=elsewhere)


def open_gate(world: World, *, elsewhere: bool = False) -> None:
    """Let an operator resume everything of theirs."""
    operate(world, lambda api: api.gate.open("main", _ACTOR), elsewhere=elsewhere)


def opened(world: World) -> None:
    """Open the gate for good, whatever goes wrong: what is queued goes on."""
    world.settle()
    while world.checker.misfires.closed:
        open_gate(world)
        world.settle()


@flow(a_job_of(seconds=60))
def gated(world: World) -> None:
    """Everything is paused while slots are handed over, due and running, and resumed."""
    ticked(world, world.chance.choice((0, 1, 2)))
    close_gate(world)
    if world.chance.random() < 1 / 2:
        tick(world)
        deliver(world)
    world.settle()
    for _ in range(3):
        world.pass_time(MINUTE)
        tick(world)
        deliver(world)
        sweep(world)
        world.settle()
    open_gate(world)
    tick(world)
    deliver(world)
    opened(world)
    ticked(world, 2)


@flow(a_job_of(seconds=60))
def gated_twice(world: World) -> None:
    """Two operators close and open the gate at once, twice, with and without ticks between."""
    for _ in range(2):
        close_gate(world)
        close_gate(world, elsewhere=True)
        world.settle()
        world.pass_time(2 * MINUTE + 7 * _SECOND)
        if world.chance.random() < 1 / 2:
            tick(world)
        deliver(world)
        open_gate(world)
        open_gate(world, elsewhere=True)
        world.settle()
        world.pass_time(MINUTE)
    opened(world)
    ticked(world, 2)


@flow(a_job_of())
def gated_work(world: World) -> None:
    """Tasks and runs at once are queued when everything is paused: none is lost."""
    operate(world, create_by_api)
    run_now(world)
    close_gate(world)
    world.settle()
    operate(world, create_by_api)
    world.pass_time(6 * _SECOND)
    deliver(world)
    sweep(world)
    world.settle()
    rounds(world, 2)
    opened(world)
    deliver(world)
    world.settle()


def create_by_api(api: Any) -> None:
    """Make a task by a container."""
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "look", "tools": []})
    api.tasks.create("main", _ACTOR, draft)
