"""How fast the cron engine is, beside the iterator of cronsim, on the same slots in one run.

The engine is asked as a function asks it: each time anew, for the slot after an instant, with the
expression parsed before; the iterator knows where it stands. Both answer in turns, and the best of
many short turns counts for each, so that a busy machine disturbs both or neither.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from time import perf_counter
from zoneinfo import ZoneInfo

from cronsim import CronSim

from chalicelib.scheduler.misfire import plan
from chalicelib.schedules import Cron, InvalidSchedule, Schedule, clocks, expression
from tests.bench.figure import Figure

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ZONE = "Europe/Prague"
# Slots of a turn, and how many times as fast as the iterator.
GOALS = {"*/5 * * * *": (300, 8), "30 2 * * *": (200, 8), "0 0 29 2 *": (20, 25)}
WORST_MS, NEVER_MS, TEN_YEARS_MS = 5, 20, 5
# The longest ways that a search can go: over decades, and hours that clocks leap over.
_WORST = (
    "0 0 29 2 */7",
    "* * * 2 6#5",
    "0 0 */28 2 1",
    "59 23 31 12 *",
    "*/7 * L */5 1L",
)
_NEVER = ("0 0 31 2 *", "0 0 31 2,4,6,9,11 *", "* * */31 * 1#2", "* * */31 2 1#3", "* 2 8 3 */7")
_QUICK_TURNS, _TURNS, _BATCHES = 40, 80, 6


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the engine's time over cronsim's, and its longest times."""
    turns = _QUICK_TURNS if quick else _TURNS
    for text, (slots, times) in GOALS.items():
        yield _beside_cronsim(text, slots, times, turns)
    yield _limit("schedule.worst", WORST_MS, {text: _next_ms(text) for text in _WORST})
    yield _limit("schedule.never", NEVER_MS, {text: _never_ms(text) for text in _NEVER})
    yield _limit("schedule.ten_missed_years", TEN_YEARS_MS, {"* * * * *": _ten_years_ms()})


def _beside_cronsim(text: str, slots: int, times: int, turns: int) -> Figure:
    cron, start = Cron(expression.parse(text), ZONE), NOON.astimezone(ZoneInfo(ZONE))
    ours: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    # A batch that misses is measured again, and the best counts: what disturbs one passes.
    while len(ratios) < _BATCHES and min(ratios, default=1) > 1 / times:
        ours, theirs = [], []
        for _ in range(turns):
            ours.append(_seconds(partial(_walk, cron, slots)))
            theirs.append(_seconds(partial(deque, islice(CronSim(text, start), slots), maxlen=0)))
        ratios.append(min(ours) / min(theirs))
    return Figure(
        name=f"schedule.next {text}",
        value=round(min(ratios), 4),
        unit="time over that of cronsim's iterator",
        goal=1 / times,
        details={
            "zone": ZONE,
            "us": round(min(ours) / slots * 1e6, 2),
            "cronsim_us": round(min(theirs) / slots * 1e6, 2),
        },
    )


def _walk(schedule: Schedule, slots: int) -> None:
    at: datetime | None = NOON
    for _ in range(slots):
        at = schedule.next_after(at or NOON)


def _next_ms(text: str) -> float:
    """Return how long the next slot takes where nothing is remembered."""

    def first() -> None:
        expression.parsed.cache_clear()
        clocks.clocks_in.cache_clear()
        Cron(expression.parse(text), ZONE).next_after(NOON)

    return min(_seconds(first) for _ in range(5)) * 1e3


def _never_ms(text: str) -> float:
    def refuse() -> None:
        expression.parsed.cache_clear()
        clocks.clocks_in.cache_clear()
        try:
            # Where the last of them names an hour that clocks leap over, each time that it comes.
            Cron.parse(text, zone="America/New_York", now=NOON)
        except InvalidSchedule:
            return
        raise RuntimeError(f"{text} was to be refused")

    return min(_seconds(refuse) for _ in range(5)) * 1e3


def _ten_years_ms() -> float:
    cron = Cron(expression.parse("* * * * *"), ZONE)
    missed = NOON - timedelta(days=3_652)

    def planned() -> None:
        clocks.clocks_in.cache_clear()
        range_row = plan(missed, cron, NOON, timedelta(minutes=3))
        cron.next_after(range_row.last)

    return min(_seconds(planned) for _ in range(5)) * 1e3


def _limit(name: str, goal: float, measured: dict[str, float]) -> Figure:
    worst = max(measured, key=lambda text: measured[text])
    return Figure(
        name=name,
        value=round(measured[worst], 3),
        unit="ms",
        goal=goal,
        details={"expression": worst, "of": len(measured)},
    )


def _seconds(do: Callable[[], object]) -> float:
    started = perf_counter()
    do()
    return perf_counter() - started
