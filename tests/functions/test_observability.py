import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.functions.observability import (
    idle_under_bad_settings,
    logger,
    measure,
    measuring_bad_settings,
    traced,
)
from tests.functions.invoke import Context
from tests.functions.log import Log
from tests.functions.metrics import Metrics

EVENT = SimpleNamespace(context=Context())


@traced
def working(event: Any) -> str:
    logger.info("working", extra={"seen": event is EVENT})
    return "done"


@traced
def failing(_event: Any) -> str:
    raise ValueError("no")


def test_a_traced_function_returns_what_it_returns() -> None:
    assert working(EVENT) == "done"


def test_every_line_carries_the_id_of_the_invocation(log: Log) -> None:
    working(EVENT)
    (line,) = log.lines()
    assert (line["request_id"], line["seen"]) == ("3c1e7a9e-request", True)
    assert (line["service"], line["level"]) == ("palyra", "INFO")


def test_what_went_wrong_is_logged_and_raised(log: Log) -> None:
    with pytest.raises(ValueError, match="no"):
        failing(EVENT)
    (line,) = log.lines()
    assert (line["message"], line["exception_name"]) == ("the function failed", "ValueError")


def test_nothing_of_one_invocation_is_left_for_the_next(log: Log) -> None:
    working(EVENT)
    logger.info("between")
    assert "request_id" not in log.lines()[-1]


def test_the_lines_of_the_rooms_are_json_too(log: Log) -> None:
    logging.getLogger("palyra.tick").warning("one job", extra={"job": "J"})
    (line,) = log.lines()
    assert (line["message"], line["job"]) == ("one job", "J")


def test_what_is_measured_is_one_line_of_cloudwatchs_metric_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure({"DeadLetters": 2, "OldestDueSlotAgeSeconds": 1.5}, lane="high")
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    (metrics,) = told["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "Palyra"
    assert [sorted(names) for names in metrics["Dimensions"]] == [["lane", "service", "stage"]]
    assert {metric["Name"]: metric["Unit"] for metric in metrics["Metrics"]} == {
        "DeadLetters": "Count",
        "OldestDueSlotAgeSeconds": "Seconds",
    }
    assert (told["stage"], told["service"], told["lane"]) == ("local", "palyra", "high")
    assert (told["DeadLetters"], told["OldestDueSlotAgeSeconds"]) == ([2.0], [1.5])


def test_nothing_of_one_measurement_is_left_for_the_next(metrics: Metrics) -> None:
    measure({"DeadLetters": 2}, lane="high")
    measure({"SweptBroken": 1})
    assert metrics() == [{"SweptBroken": 1.0}]


def test_settings_that_cannot_be_read_are_measured_and_refused(metrics: Metrics) -> None:
    @measuring_bad_settings
    def read() -> None:
        raise InvalidSettings(field="PALYRA_SOMETHING")

    with pytest.raises(InvalidSettings):
        read()
    assert metrics() == [{"InvalidSettings": 1.0}]


def test_only_a_bad_setting_lets_a_function_idle() -> None:
    @idle_under_bad_settings
    def broken() -> dict[str, int]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        broken()
