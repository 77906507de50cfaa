"""The scheduler's alarms go off: what tick and sweep measure, judged as CloudWatch judges."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container as of_this_process
from chalicelib.scheduler.handover import Handed, Handover
from chalicelib.scheduler.rows import HotRow
from infra.local.template import resources
from tests.functions.invoke import cron_tick, message, sweep, worker_normal
from tests.functions.metrics import Metrics, Values
from tests.support.world import World

OK, ALARM = "OK", "ALARM"
# What a function that was not invoked, or measured nothing, leaves of a minute.
NOTHING: Values = {}


def alarm(name: str) -> dict[str, Any]:
    made = (it["Properties"] for it in resources().values() if it["Type"].endswith("::Alarm"))
    found: dict[str, Any]
    (found,) = [it for it in made if it["AlarmName"] == f"palyra-${{Stage}}-{name}"]
    return found


def state(name: str, minutes: Sequence[Values]) -> str:
    """Return an alarm's state behind these minutes, one datapoint each."""
    of = alarm(name)
    assert of["Period"] == 60
    size = of["EvaluationPeriods"]
    breaching = [_breaches(of, each) for each in minutes[-size:]]
    missing = [of["TreatMissingData"] == "breaching"] * (size - len(breaching))
    return ALARM if sum(missing + breaching) >= of.get("DatapointsToAlarm", size) else OK


def _breaches(of: dict[str, Any], minute: Values) -> bool:
    if of["MetricName"] not in minute:
        return bool(of["TreatMissingData"] == "breaching")
    value, threshold = minute[of["MetricName"]], float(of["Threshold"])
    is_above = {"GreaterThanThreshold": value > threshold, "LessThanThreshold": value < threshold}
    return is_above[of["ComparisonOperator"]]


def minutes(
    world: World, metrics: Metrics, act: Callable[[], object], first: int, last: int
) -> Iterator[Values]:
    """Yield what is measured in each minute in which something acts."""
    for minute in range(first, last + 1):
        world.at(minute)
        metrics()
        act()
        told = NOTHING
        for each in metrics():
            told = told | each
        # Lambda counts for itself.
        yield told | {"Invocations": 1.0}


def handing_nothing_over() -> AbstractContextManager[Any]:
    """Let the tick leave every job as it is, as one that is too slow does."""
    return patch.object(Handover, "hand_over", lambda *_, **__: Handed())


def test_a_tick_that_stops_is_an_alarm_within_five_minutes(
    container: World, metrics: Metrics
) -> None:
    container.job()
    ran = list(minutes(container, metrics, cron_tick, 1, 5))
    assert state("tick-is-missing", ran) == OK
    assert state("tick-is-missing", [*ran, *[NOTHING] * 4]) == OK
    assert state("tick-is-missing", [*ran, *[NOTHING] * 5]) == ALARM
    assert state("tick-is-missing", []) == ALARM


def test_a_sweep_that_stops_is_an_alarm_within_five_minutes(
    container: World, metrics: Metrics
) -> None:
    ran = list(minutes(container, metrics, sweep, 1, 5))
    assert state("sweep-is-missing", ran) == OK
    assert state("sweep-is-missing", [*ran, *[NOTHING] * 5]) == ALARM


def test_a_slot_that_two_ticks_leave_behind_the_grace_is_an_alarm(
    container: World, metrics: Metrics
) -> None:
    container.job(every="300s")
    with handing_nothing_over():
        ran = list(minutes(container, metrics, cron_tick, 1, 8))
        assert state("slots-are-late", ran) == OK
        ran += minutes(container, metrics, cron_tick, 9, 10)
    assert state("slots-are-late", ran) == ALARM


def test_the_first_tick_after_a_gap_is_no_late_slot_but_tells_what_was_missed(
    container: World, metrics: Metrics
) -> None:
    container.job(every="300s")
    ran = list(minutes(container, metrics, cron_tick, 60, 60))
    assert state("slots-were-missed", ran) == ALARM
    ran += minutes(container, metrics, cron_tick, 61, 62)
    assert state("slots-are-late", ran) == OK
    assert state("slots-were-missed", ran) == OK


def test_a_slot_that_no_worker_takes_is_an_alarm_within_ten_minutes(
    container: World, metrics: Metrics
) -> None:
    container.job(every="1h")
    container.at(59)
    cron_tick()
    ran = list(minutes(container, metrics, sweep, 60, 70))
    assert state("slots-are-not-begun", ran[:5]) == OK
    assert state("slots-are-not-begun", ran) == ALARM
    # It holds while the sweep looks at the slot more and more rarely.
    ran += minutes(container, metrics, sweep, 71, 100)
    assert state("slots-are-not-begun", ran) == ALARM


def test_a_slot_that_is_taken_is_none(container: World, metrics: Metrics) -> None:
    job = container.job(every="1h")
    container.at(59)
    cron_tick()
    container.at(60)
    worker_normal(message(container.ref(job, 60)))
    ran = list(minutes(container, metrics, sweep, 60, 70))
    assert state("slots-are-not-begun", ran) == OK


def test_what_everything_was_paused_for_is_none(container: World, metrics: Metrics) -> None:
    container.job(every="1h")
    container.at(59)
    cron_tick()
    gate = api.gate(of_this_process())
    gate.close("main", "token:test")
    ran = list(minutes(container, metrics, sweep, 60, 80))
    gate.open("main", "token:test")
    ran += minutes(container, metrics, sweep, 81, 84)
    assert state("slots-are-not-begun", ran) == OK


def test_a_job_that_cannot_be_read_is_an_alarm(container: World, metrics: Metrics) -> None:
    job = container.job()
    HotRow.change(container.ref(job).pk, "hot", [HotRow.schedule.set("?")], HotRow.pk.exists())
    assert state("jobs-were-disabled", list(minutes(container, metrics, cron_tick, 3, 3))) == ALARM
