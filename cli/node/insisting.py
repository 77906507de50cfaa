"""Insisting: a call is made until the gateway has answered it, more and more seldom."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from cli.node.line import Line, is_bad, is_final
from cli.node.outbox import Event
from cli.problem import Exit, Problem

_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Insisting:
    """Makes calls until they are answered.

    Attributes:
        tell: tells who runs the node that the gateway was not reached.
        pause: waits for so many seconds.
    """

    tell: Callable[[Event], None]
    pause: Callable[[float], None]

    def on[T](self, call: Callable[[], T], line: Line | None = None) -> T:
        """Make a call until the gateway has answered it.

        Args:
            call: what is asked.
            line: whose certificate it is made with.

        Raises:
            Refused: the device of the line is let in no more.
            Problem: it was refused.
        """
        wait = 1.0
        while True:
            try:
                return call()
            except Problem as problem:
                if line is not None and (refused := line.refused(problem)):
                    raise refused from problem
                if is_final(problem) or not _is_passing(problem):
                    raise
                self.tell(Event("lost", why=problem.what))
            self.pause(wait)
            wait = min(2 * wait, _LONGEST_PAUSE)


def _is_passing(problem: Problem) -> bool:
    if is_bad(problem):
        return False
    status = int(problem.document.get("status", 0))
    return problem.code is Exit.UNAVAILABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR
