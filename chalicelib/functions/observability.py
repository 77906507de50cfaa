"""Logs: JSON lines that carry one correlation id from the tick over the queue to the run.

The id is the run's own, which is derived from job and slot: every line about a slot carries it,
whoever writes it. Triggers that Lambda calls bypass app.py, so this is a decorator on each of
them. Rooms log with the standard library, below the logger `palyra`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger

logger = Logger(service="palyra")


def traced[T](function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Log the invocation's id with every line, and what went wrong before it is raised."""

    @wraps(function)
    def handler(event: Any) -> T:
        logger.append_keys(request_id=getattr(event.context, "aws_request_id", None))
        try:
            return function(event)
        except Exception:
            logger.exception("the function failed")
            raise
        finally:
            logger.clear_state()

    return handler
