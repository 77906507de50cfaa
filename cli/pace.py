"""How often something is asked for again, and until when."""

from typing import Any

from cli.client import Answer
from cli.problem import Exit, Problem
from cli.session import Session

_SHORTEST, _LONGEST = 1.0, 5.0
_MOST_FAILURES = 3


class Pace:
    """Asks again after 1 s, after up to 5 s where nothing changes.

    Attributes:
        timeout: for how many seconds in all, or None for ever.
    """

    def __init__(self, session: Session, timeout: float | None) -> None:
        self.timeout = timeout
        self._session = session
        self._began = session.stopwatch()
        self._delay = _SHORTEST
        self._failures = 0

    def changed(self, path: str, etag: str | None, **query: Any) -> Answer | None:
        """Return what a path shows when it is not what had this ETag, else None.

        That nobody answers is borne a few times in a row.

        Raises:
            Problem: it was refused, or nobody answered for long.
        """
        try:
            answer = self._session.api.changed(path, etag, **query)
        except Problem as problem:
            self._bear(problem)
            return None
        self._failures = 0
        if answer is not None:
            self._delay = _SHORTEST
        return answer

    @property
    def left(self) -> float | None:
        """Return for how many seconds more, or None for ever."""
        if self.timeout is None:
            return None
        return self.timeout - (self._session.stopwatch() - self._began)

    def wait(self) -> None:
        """Wait until it is time to ask again.

        Raises:
            Problem: the time is over.
        """
        delay, left = self._delay, self.left
        if left is not None:
            if left <= 0:
                detail = f"it has not ended within {self.timeout:g} s, and goes on"
                raise Problem.of(Exit.UNAVAILABLE, detail, "wait longer with --timeout")
            delay = min(delay, left)
        self._session.pause(delay)
        self._delay = min(2 * self._delay, _LONGEST)

    def _bear(self, problem: Problem) -> None:
        if problem.code is not Exit.UNAVAILABLE or self._failures == _MOST_FAILURES:
            raise problem
        self._failures += 1
