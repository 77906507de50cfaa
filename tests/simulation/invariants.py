"""What must hold beyond the moves of single rows: time, locks, places, payloads and keys.

Each function judges one kind of event and yields the violations: the name of an invariant, and
what broke it. Like the checker they see raw items, and know nothing of the code under test.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.items import Item, key, number, task_id, text
from tests.simulation.slots import has

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]

_TERMINAL = {"succeeded", "failed", "unknown", "cancelled", "expired", "closed"}


def taken(checker: "Checker", old: Item, new: Item) -> Iterator[Broken]:
    """Judge a move that raised the token: a claim, or an end by somebody else than the holder."""
    now, what = _clock(checker), f"{key(new)} {text(old, 'state')} -> {text(new, 'state')}"
    is_abandoned = text(old, "state") == "running" and text(new, "state") in {"running", "failed"}
    if is_abandoned and number(old, "lease_until") >= now:
        yield "L1 a live lease is not taken over", what
    if text(new, "state") != "running":
        return
    if max(number(new, "not_before"), _slot(new)) > now:
        yield "T2 nothing begins before its time", what
    if "expires_at" in new and number(new, "expires_at") <= number(new, "claimed_at"):
        yield "T3 nothing begins after it has expired", what
    if number(new, "wake_at") > number(new, "lease_until"):
        yield "L2 the sweep looks when a claim's lease ends", what


def held(checker: "Checker", old: Item, new: Item) -> Iterator[Broken]:
    """Judge a move by the holder of the token."""
    state, what = text(new, "state"), key(new)
    if state == "queued":
        failed = old.get("history") != new.get("history")
        if number(new, "attempt") - number(old, "attempt") != failed:
            yield "A1 a failed attempt is counted, and nothing else", what
    if state == "paused" and not _has_incident(checker, new):
        yield "Q2 what is put aside has an incident", what
    if state == "closed" and text(old, "outcome") == "fired":
        yield "I2 what has fired is not closed", what
    if state == "closed" and text(new, "outcome") == "superseded":
        hot = _hot(checker, new)
        if hot is not None and not _why_not_in_force(hot, new):
            yield "I9 a slot in force is not superseded", what


def made(checker: "Checker", new: Item) -> Iterator[Broken]:
    """Judge a new row."""
    if "payload_key" in new and text(new, "payload_key") not in checker.world.objects:
        yield "I3 a payload is kept before its task", key(new)


def under_way(checker: "Checker", old: Item | None, new: Item) -> Iterator[Broken]:
    """Judge a row that was written: does what has fired hold what it needs?"""
    if not _is_under_way(new):
        return
    if text(new, "kind") == "firing":
        hot = _hot(checker, new)
        if hot is not None and text(hot, "active") != text(new, "sk"):
            yield "I5 what has fired holds its lock", key(new)
    if "group" in new and old is not None and text(old, "outcome") != "fired":
        yield from _child(checker, new)


def _child(checker: "Checker", new: Item) -> Iterator[Broken]:
    parent = checker.row_of(text(new, "pk").partition("#")[2])
    places = {place.partition(":")[0] for place in text(parent or {}, "busy").split(",")}
    if parent is not None and text(new, "sk") not in places:
        yield "D2 a child that runs has its place", key(new)
    before = [
        row
        for (pk, sk), row in checker.rows.items()
        if pk == text(new, "pk") and sk < text(new, "sk") and row.get("group") == new["group"]
    ]
    if new["serial"]["BOOL"] and any(text(row, "state") not in _TERMINAL for row in before):
        yield "D3 a serial child waits for those before it", key(new)


def deduped(old: Item | None, new: Item) -> Iterator[Broken]:
    """Judge a write of a dedupe key."""
    if old is not None and old.get("task_id") != new.get("task_id"):
        yield "K1 a dedupe key stands for one task", key(new)


def locked(checker: "Checker", old: Item | None, new: Item) -> Iterator[Broken]:
    """Judge a write of a job's hot row."""
    was, now = text(old or {}, "active"), text(new, "active")
    before = checker.rows.get((text(new, "pk"), was))
    if was != now and before is not None and _is_under_way(before):
        yield "I5 what has fired holds its lock", key(before)
    row = checker.rows.get((text(new, "pk"), now))
    if row is None or all((old or {}).get(it) == new.get(it) for it in ("active", "active_token")):
        return
    if not number(new, "active_token"):
        return  # It was handed over: who inherits it is judged when it takes it.
    if text(row, "outcome") != "fired" and text(row, "state") not in _TERMINAL:
        reason = _why_not_in_force(new, row)
        if reason:
            yield "I7 only a slot in force passes judgement", f"{key(row)}: {reason}"


def called(checker: "Checker", row: Item, call: str, *, idempotent: bool) -> Iterator[Broken]:
    """Judge a call to the outside, made for a row under a key."""
    place = (text(row, "pk"), text(row, "sk"))
    if checker.holders.get((*place, number(row, "token"))) is not checker.world.process:
        return  # The row says nothing of a worker that lost it.
    if not idempotent and number(row, "lease_until") <= _clock(checker):
        yield "I8 no call under an ended lease", call
    first = checker.keys.setdefault((*place, number(row, "checkpoint_seq")), call)
    if first != call:
        yield "I8 a repeat has the key of the first", f"{first}, then {call}"


def at_rest(rows: list[Item], events: Counter[str]) -> Iterator[Broken]:
    """Judge the world after everything had the time to end."""
    children = Counter(text(row, "pk").partition("#")[2] for row in rows if "group" in row)
    for row in rows:
        parent = task_id(row)
        if number(row, "children") != children[parent]:
            yield "D4 a parent counts its children", key(row)
        is_drafted = "group" in row or text(row, "pk").endswith("#tasks")
        if is_drafted and not events[f"{parent}/created"]:
            yield "J4 what is made has its event", key(row)
        follow_ups = [
            each
            for each in rows
            if text(each, "pk").partition("#")[2] == parent and "group" not in each
        ]
        if len(follow_ups) > 1:
            yield "I10 it is followed once", key(row)


def _is_under_way(row: Item) -> bool:
    return text(row, "outcome") == "fired" and text(row, "state") not in _TERMINAL


def _why_not_in_force(hot: Item, row: Item) -> str:
    if text(hot, "state") != "enabled":
        return f"the job is {text(hot, 'state')}"
    if _slot(row) <= number(hot, "since"):
        return "the job was changed after it"
    if text(row, "requested_by"):
        return ""  # An operator asked for it: it has a slot of its own.
    is_slot = has(text(hot, "schedule"), int(text(row, "sk")))
    return "" if is_slot else "the schedule has no such slot"


def _slot(row: Item) -> int:
    """Return the instant of a slot's row in milliseconds, 0 for any other."""
    return int(text(row, "sk")) * 1000 if text(row, "kind") == "firing" else 0


def _clock(checker: "Checker") -> int:
    """Return what time it is for the process that writes, in milliseconds."""
    process = checker.world.process
    now = process.function.clock.now() if process else checker.world.now
    return int(now.timestamp() * 1000)


def _hot(checker: "Checker", row: Item) -> Item | None:
    rows = checker.world.dynamo.tables["palyra-local-jobs"].rows().values()
    hot = [each.item for each in rows if text(each.item, "sk") == "hot"]
    return next((each for each in hot if each["pk"] == row["pk"]), None)


def _has_incident(checker: "Checker", row: Item) -> bool:
    rows = checker.world.dynamo.tables["palyra-local-incidents"].rows().values()
    wanted = f"unknown-kind:{task_id(row)}"
    return any(
        text(each.item, "dedupe_key") == wanted and "active_at" in each.item for each in rows
    )
