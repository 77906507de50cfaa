"""What must hold of policies: which of them may have decided, and that none is ever rewritten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

DECIDE = "P2 policies of the last thirty seconds decide"
FOLLOW = "P3 activations follow each other"
KEPT = "P4 versions are never rewritten"
_GOOD_FOR = timedelta(seconds=30)
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class _Active(NamedTuple):
    """From when on a version was active."""

    version: int
    since: datetime


class PolicyChecker:
    """Watches which policies are active, and what is dispatched."""

    def __init__(self, checker: "Checker") -> None:
        self.checker = checker
        self.active = [_Active(0, _EVER)]

    def begin(self) -> None:
        """Take what is active for what has been all the time."""
        rows = [row for row in self.checker._table("policies") if "number" in row]
        self.active = [_Active(number(row, "version") if row else 0, _EVER) for row in rows or [{}]]

    def committed(self, table: str, old: Item | None, new: Item | None) -> Iterator[Broken]:
        """Judge a committed write."""
        if not self.checker.world.memo.get("policies") or new is None:
            return
        if table == "policies":
            yield from self._changed(old, new)
        elif table == "runs" and old is None and text(new, "sk") == "0" and new.get("policies"):
            yield from self._decided(new, allowed=True)
        elif table == "work" and text(new, "outcome") == "denied" != text(old or {}, "outcome"):
            yield from self._decided(new, allowed=False)

    def _changed(self, old: Item | None, new: Item) -> Iterator[Broken]:
        if "text" in new:
            if old is not None:
                yield KEPT, key(new)
            return
        if number(new, "number") != number(old or {}, "number") + 1:
            yield FOLLOW, key(new)
        self.active.append(_Active(number(new, "version"), self.checker.world.now))

    def _decided(self, row: Item, *, allowed: bool) -> Iterator[Broken]:
        if allowed not in {version == 0 for version in self._versions()}:
            yield DECIDE, f"{key(row)}: allowed={allowed} by {list(self._versions())}"

    def _versions(self) -> Iterator[int]:
        """Yield the versions that whoever is at work may know; all but 0 forbid."""
        world = self.checker.world
        began = world.process.started_at if world.process else world.now
        ends = [*(each.since for each in self.active[1:]), _NEVER]
        for each, end in zip(self.active, ends, strict=True):
            if end >= began - _GOOD_FOR:
                yield each.version
