import logging
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.functions.observability import logger, traced
from tests.functions.invoke import Context
from tests.functions.log import Log

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
