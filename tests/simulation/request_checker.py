"""What must hold of operators' requests: each is carried out once, or refused without effect.

Who asks has a name of their own, so that the journal says what came of the request. Requests under
one idempotency key share a name.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.items import Item, key, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

_ONE_THING = "K2 an idempotency key stands for one thing"


class RequestChecker:
    """Watches the requests of one schedule.

    Attributes:
        asked: of each operator who asked for something, the version that was expected, or 0.
        refused: operators who were told that nothing was done.
        answers: of each who asked under an idempotency key, what the answers named.
    """

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.asked: dict[str, int] = {}
        self.refused: set[str] = set()
        self.answers: dict[str, set[str]] = {}

    def kept(self, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a write of an idempotency key."""
        if old is not None and (new is None or old.get("made") != new.get("made")):
            yield _ONE_THING, key(old)

    def at_rest(self) -> Iterator[Broken]:
        """Judge the requests after everything had the time to end."""
        events = self.checker.journal.events()
        made = Counter(event["actor"] for event in events)
        for actor in self.asked:
            yield from self._of(actor, made[actor])
        for event in events:
            yield from self._expected(event)
        for row in self.checker._table("system"):
            if "made" in row and not self._exists(text(row, "made")) and not self._is_erased():
                yield _ONE_THING, f"{key(row)}: nothing"

    def _of(self, actor: str, made: int) -> Iterator[Broken]:
        if actor in self.answers:
            if made > 1 or len(self.answers[actor]) > 1:
                yield _ONE_THING, f"{actor}: {made} events"
        elif made > 1:
            yield "O7 a request is carried out once", actor
        elif made and actor in self.refused:
            yield "O8 who is refused has changed nothing", actor

    def _expected(self, event: dict[str, Any]) -> Iterator[Broken]:
        expected = self.asked.get(event["actor"])
        if expected and event["details"].get("ver") != expected + 1:
            yield "O9 what is changed is what was expected", event["id"]

    def _is_erased(self) -> bool:
        """Return whether a task was erased, and with it what its run asked."""
        return any("erased" in row for row in self.checker._table("work"))

    def _exists(self, made: str) -> bool:
        jobs = {text(row, "pk") for row in self.checker._table("jobs")}
        rows = self.checker._table("nodes")
        asked = {text(row, "sk") for row in rows if "#request#" in text(row, "pk")}
        is_job_or_asked = f"main#{made}" in jobs or made in asked
        return is_job_or_asked or self.checker.row_of(made) is not None
