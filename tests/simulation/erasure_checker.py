"""What is erased is read nowhere; what is not erased can be read, for ever."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]
NOWHERE = "E1 what was erased is read nowhere"
READABLE = "E2 what is acknowledged can be read until it is erased"
VERIFIED = "E3 the journal verifies, and says what was erased"
ENDED = "E4 only what has ended is erased"
STAYS = "E5 what became of it, and when, stays"
FOR_EVER = "E6 what was erased stays erased"

# What somebody wrote, or what came of it; all else of a task's row is the ledger.
_WORDS = {
    *("payload", "payload_key", "payload_sha256", "reason", "cancel_reason", "history"),
    *("group", "serial", "busy", "erased"),
}
_TABLES = ("jobs", "work", "runs", "journal", "incidents", "system", "heartbeats")


def is_erasure(old: Item, new: Item) -> bool:
    """Return whether a write is the erasure of a task's row."""
    return "erased" in new and "erased" not in old


def emptied(old: Item, new: Item, *, is_terminal: bool) -> Iterator[Broken]:
    """Judge the erasure of a task's row."""
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not is_terminal:
        yield ENDED, key(new)
    if changed - _WORDS:
        yield STAYS, f"{key(new)}: {sorted(changed - _WORDS)}"


def keys(old: Item | None, new: Item | None) -> Iterator[Broken]:
    """Judge a write of a subject's key."""
    if old is None:
        return
    if new is None or ("erased_at" in old and ("wrapped" in new or "erased_at" not in new)):
        yield FOR_EVER, key(old)
    elif text(old, "key_id") != text(new, "key_id"):
        yield READABLE, f"{key(new)} has another key"


def is_gone(checker: "Checker", row: Item) -> bool:
    """Return whether the subject of a run's row was erased."""
    owner, _, run_id = text(row, "pk").partition("#")
    subject = run_id.partition("-")[0]
    found = (each for each in checker._table("system") if text(each, "pk") == f"{owner}#personal")
    return any(text(each, "sk") == subject and "erased_at" in each for each in found)


def clear(checker: "Checker", words: tuple[str, ...]) -> Iterator[Broken]:
    """Judge whether any of the words stands anywhere."""
    for table in _TABLES:
        for row in checker._table(table):
            if any(word in json.dumps(row, default=repr) for word in words):
                yield NOWHERE, f"{table} {key(row)} {number(row, 'at')}"
    for name, body in checker.world.objects.items():
        if any(word.encode() in body for word in words):
            yield NOWHERE, name
