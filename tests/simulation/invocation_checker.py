"""What must be true of requests to nodes, whatever goes wrong: by the tables and the nodes."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.items import Item, key, number, task_id, text

if TYPE_CHECKING:
    from tests.simulation.world import World

type Broken = tuple[str, str]
ONCE = "C1 what is not to be done twice is done once for a step of a run"
BOUND = (
    "C2 an answer is that of the node that was asked, under the claim that it was handed over by"
)
ENDS = "C3 nobody waits for ever"
ARROWS = "C4 a request goes by the arrows that there are, one version at a time"
REVOKED = "C5 nothing is handed over after the node was told to be out"
TOLD = "C6 a run is told what came of it, and ends unknown where nobody knows"
MAILBOX = "C7 the mailbox holds what is open"
AGREED = "C8 what needs a person is done after the person agreed"

_AWAITING = "awaiting_local_mediation"
_OPEN = {"queued", "dispatched", _AWAITING}
_ARROWS = {
    ("", "queued"),
    ("queued", "dispatched"),
    ("queued", _AWAITING),
    (_AWAITING, _AWAITING),
    (_AWAITING, "dispatched"),
    (_AWAITING, "failed"),
    (_AWAITING, "rejected"),
    (_AWAITING, "timed_out"),
    ("dispatched", "succeeded"),
    ("dispatched", "failed"),
    ("dispatched", "queued"),
    ("dispatched", "timed_out"),
    ("dispatched", "rejected"),
    ("queued", "timed_out"),
    ("queued", "rejected"),
}
_NODE_SAID = "the node said so"
_ENDED = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}


def moved(world: "World", old: Item | None, new: Item | None) -> Iterator[Broken]:
    """Judge a write of a request."""
    if new is None or not _is_request(new):
        return
    before, after = text(old or {}, "state"), text(new, "state")
    raised = number(new, "version") - number(old or {}, "version")
    if raised != 1 or (before, after) not in _ARROWS:
        yield ARROWS, f"{key(new)}: {before} to {after}, {raised} versions later"
    is_handed = after in {"dispatched", _AWAITING}
    if is_handed and world.memo.get("revoked"):
        yield REVOKED, f"{key(new)} is {after}"
    if is_handed and new["mediation"]["BOOL"] and before == "queued" and after != _AWAITING:
        yield AGREED, f"{key(new)} is {after}"
    if after == "succeeded":
        said = json.loads(text(new, "output"))
        if said != {"node": text(new, "pk").split("#")[2], "claim": text(old or {}, "claim")}:
            yield BOUND, f"{key(new)}: {said}"


def history(world: "World") -> Iterator[Broken]:
    """Judge all that was done, when nothing is to be done any more."""
    requests = [row for row in _table(world, "nodes") if _is_request(row)]
    yield from _once(world, requests)
    yield from _open(world, requests)
    tasks = {task_id(row): row for row in _table(world, "work") if "kind" in row}
    for row in tasks.values():
        if text(row, "state") not in _ENDED:
            yield ENDS, f"task {key(row)} is {text(row, 'state')}"
    for row in requests:
        yield from _told(row, tasks.get(text(row, "task_id")))


def _once(world: "World", requests: list[Item]) -> Iterator[Broken]:
    done = Counter(world.memo["done"])
    for row in requests:
        if done[text(row, "sk")] > 1 and not row["idempotent"]["BOOL"]:
            yield ONCE, f"{key(row)} was done {done[text(row, 'sk')]} times"
        if text(row, "state") == "succeeded" and not done[text(row, "sk")]:
            yield BOUND, f"{key(row)} succeeded, and nobody did it"
    for task, asked in Counter(text(row, "task_id") for row in requests).items():
        if asked > 1:
            yield ONCE, f"the step of {task} asked {asked} times"


def _open(world: "World", requests: list[Item]) -> Iterator[Broken]:
    for row in requests:
        if text(row, "state") in _OPEN:
            yield ENDS, f"{key(row)} is {text(row, 'state')}"
        if ("expiring" in row) is not (text(row, "state") in _OPEN):
            yield ENDS, f"{key(row)} is {text(row, 'state')}, and the index knows better"
    opened = {text(row, "sk") for row in requests if text(row, "state") in _OPEN}
    held = {
        each
        for row in _table(world, "nodes")
        if text(row, "pk").endswith("#mailbox")
        for each in row.get("open", {}).get("SS", ())
    }
    if opened != held:
        yield MAILBOX, f"open are {sorted(opened)}, and it holds {sorted(held)}"


def _told(request: Item, task: Item | None) -> Iterator[Broken]:
    if task is None:
        return
    state, ended = text(request, "state"), text(task, "state")
    is_known = state == "succeeded" or text(request, "reason") == _NODE_SAID
    was_handed = number(request, "dispatches") > 0 and not request["idempotent"]["BOOL"]
    wanted = "unknown" if was_handed and not is_known else "succeeded"
    if state == "rejected" and text(request, "reason") == "run_ended":
        return
    if ended != wanted and ended not in {"cancelled", "failed"}:
        yield TOLD, f"{key(request)} is {state}, and its run {ended}"


def _is_request(row: Item) -> bool:
    return "#request#" in text(row, "pk")


def _table(world: "World", name: str) -> list[Any]:
    return list(world.checker._table(name))
