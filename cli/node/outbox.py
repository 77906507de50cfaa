"""The answers of a node: sent as often as it takes, and forgotten once the gateway has them."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cli.node import tool as doing
from cli.node.line import Line, is_bad, is_over
from cli.node.work import Stage, Work, WorkStore
from cli.problem import Problem


class Event(NamedTuple):
    """Something that the node tells who runs it."""

    name: str
    request: str = ""
    capability: str = ""
    why: str = ""


@dataclass(kw_only=True, eq=False, repr=False)
class Outbox:
    """What is to be said to the gateway of work that has come to its end.

    Attributes:
        tell: tells who runs the node what happens.
    """

    line: Line
    works: WorkStore
    tell: Callable[[Event], None]

    def __post_init__(self) -> None:
        self._to_send: deque[Work] = deque()

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is left to be sent."""
        return not self._to_send

    def put(self, work: Work) -> None:
        """Send the answer of work that is done with the next turn."""
        self._to_send.append(work)

    def answer(self, work: Work, answer: Mapping[str, Any]) -> None:
        """Write an answer down, and send it with the next turn."""
        done = work.to(Stage.DONE, answer=answer)
        self.works.save(done)
        self.put(done)

    def leave(self, work: Work, why: str) -> None:
        """Forget work that the gateway needs no answer of."""
        self.works.drop(work)
        self.tell(Event("left", work.id, work.capability, why))

    def send(self) -> None:
        """Send all there is.

        Raises:
            Problem: the gateway refused, or did not answer; what is left is sent with the next.
        """
        while self._to_send:
            self._send(self._to_send[0])
            self._to_send.popleft()

    def _send(self, work: Work) -> None:
        assert work.answer is not None  # noqa: S101  it is done
        try:
            self.line.post(f"requests/{work.id}/result", claim=work.claim, **work.answer)
        except Problem as problem:
            self._not_sent(work, work.answer, problem)
            return
        self.works.drop(work)
        why = str(work.answer.get("error", ""))
        self.tell(Event(str(work.answer["state"]), work.id, work.capability, why))

    def _not_sent(self, work: Work, answer: Mapping[str, Any], problem: Problem) -> None:
        """Leave what is over, and say why what is refused for its content was not sent."""
        if is_over(problem) or (is_bad(problem) and answer["state"] == "failed"):
            self.leave(work, problem.what)
            return
        if not is_bad(problem):
            raise problem
        instead = doing.without_output(work, problem.what)
        if instead is None:
            self.leave(work, f"it was done, but its answer was not taken: {problem.what}")
        else:
            self.answer(work, instead)
