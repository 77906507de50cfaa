"""What the functions wrote to standard output, line by line."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from chalicelib.functions.observability import logger


@dataclass
class Log:
    output: StringIO = field(default_factory=StringIO)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.getvalue().splitlines()]

    def messages(self) -> list[str]:
        return [line["message"] for line in self.lines()]

    def about(self, run_id: str) -> list[str]:
        """Return the messages that carry a run's id."""
        lines = self.lines()
        return [line["message"] for line in lines if line.get("correlation_id") == run_id]

    def forget(self) -> None:
        self.output.truncate(0)
        self.output.seek(0)


@contextmanager
def recorded() -> Iterator[Log]:
    log = Log()
    (handler,) = logging.getLogger(logger.name).handlers
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(log.output)
    try:
        yield log
    finally:
        handler.setStream(before)
