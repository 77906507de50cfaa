"""What must be true of pairings, whatever goes wrong: read from the tables, without the models."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.items import Item, key, number, text

if TYPE_CHECKING:
    from tests.simulation.checker import Checker

type Broken = tuple[str, str]
ONE_CERTIFICATE = "N1 an approval has one certificate, and a certificate has an approval"
FIVE_ATTEMPTS = "N2 a code stands five attempts, each counted before it is looked at"
ONE_PROOF = "N3 a code is proven by one session"
ONE_DECISION = "N4 a request is decided once, and the journal says by whom"
FORGOTTEN = "N5 what has ended has no secrets"
ARROWS = "N6 a session goes by the arrows that there are, one version at a time"

_ATTEMPTS = 5
_ARROWS = {
    ("awaiting_hello", "verifying"),
    ("awaiting_hello", "expired"),
    ("verifying", "pending_approval"),
    ("verifying", "failed"),
    ("verifying", "expired"),
    ("pending_approval", "approved"),
    ("pending_approval", "rejected"),
    ("pending_approval", "expired"),
    ("approved", "issued"),
    ("approved", "failed"),
    ("approved", "expired"),
    ("issued", "active"),
    ("issued", "expired"),
}
_PROVEN = {"pending_approval", "approved", "issued", "active", "rejected"}
_ENDED = {"active", "failed", "rejected", "expired"}


def moved(old: Item | None, new: Item | None) -> Iterator[Broken]:
    """Judge a write of a session."""
    if new is None or _kind(new) != "pairing-session":
        return
    before, after = text(old or {}, "state"), text(new, "state")
    raised = number(new, "version") - number(old or {}, "version")
    if before == after:
        is_right = raised == 0
    else:
        is_right = raised == 1 and (not before or (before, after) in _ARROWS)
    if not is_right:
        yield ARROWS, f"{key(new)}: {before} to {after}, {raised} versions later"


def history(checker: "Checker", claimed: Iterable[tuple[str, str]]) -> Iterator[Broken]:
    """Judge all that was done."""
    sessions, events = _sessions(checker), _events(checker)
    yield from _attempts(checker, sessions)
    yield from _certificates(checker, sessions, events, claimed)
    yield from _decisions(sessions, events)
    requested = Counter(
        text(row, "code_serial") for id_, row in sessions.items() if events[id_, "requested"]
    )
    for code, times in requested.items():
        if times > 1:
            yield ONE_PROOF, f"{code} was proven {times} times"
    for id_, row in sessions.items():
        if text(row, "state") in _PROVEN and not events[id_, "requested"]:
            yield ONE_PROOF, f"{id_} is {text(row, 'state')} and was never told"


def at_rest(checker: "Checker") -> Iterator[Broken]:
    """Judge what is left when the time of all has passed and the sweep has seen it."""
    for row in checker._table("nodes"):
        if "sealed" in row or "wrapped" in row:
            yield FORGOTTEN, key(row)
        if _kind(row) == "pairing-session" and text(row, "state") not in _ENDED:
            yield FORGOTTEN, f"{key(row)} is {text(row, 'state')}"


def _attempts(checker: "Checker", sessions: dict[str, Item]) -> Iterator[Broken]:
    for row in checker._table("nodes"):
        if _kind(row) != "pairing-code":
            continue
        begun = set(row.get("begun", {}).get("SS", ()))
        if len(begun) > _ATTEMPTS:
            yield FIVE_ATTEMPTS, f"{key(row)} has {len(begun)} attempts"
        uncounted = {
            id_
            for id_, each in sessions.items()
            if text(each, "code_serial") == text(row, "serial") and id_ not in begun
        }
        if uncounted:
            yield FIVE_ATTEMPTS, f"{key(row)} did not count {uncounted}"


def _certificates(
    checker: "Checker",
    sessions: dict[str, Item],
    events: Counter[tuple[str, str]],
    claimed: Iterable[tuple[str, str]],
) -> Iterator[Broken]:
    made = _issued(checker)
    for session, prints in made.items():
        if len(prints) > 1 or session not in sessions:
            yield ONE_CERTIFICATE, f"{session} has {len(prints)} certificates"
        if not events[session, "approved"]:
            yield ONE_CERTIFICATE, f"{session} has a certificate and no approval"
    for session, fingerprint in claimed:
        if made.get(session) != {fingerprint}:
            yield ONE_CERTIFICATE, f"{session} was handed {fingerprint}"
    active = (id_ for id_, row in sessions.items() if text(row, "state") == "active")
    yield from ((ONE_CERTIFICATE, it) for it in active if not events[it, "issued"])


def _issued(checker: "Checker") -> dict[str, set[str]]:
    """Return the fingerprints of all certificates by the session that they were issued for."""
    made: dict[str, set[str]] = {}
    for row in checker._table("nodes"):
        if text(row, "origin") == "pairing":
            session = text(row, "serial_of").partition("#")[2]
            made.setdefault(session, set()).add(text(row, "sk"))
    return made


def _decisions(sessions: dict[str, Item], events: Counter[tuple[str, str]]) -> Iterator[Broken]:
    for id_, row in sessions.items():
        approved, rejected = events[id_, "approved"], events[id_, "rejected"]
        if approved + rejected > 1 or events[id_, "issued"] > 1:
            yield ONE_DECISION, f"{id_}: {approved} approvals, {rejected} rejections"
        if bool(text(row, "decided_by")) != bool(approved + rejected):
            yield ONE_DECISION, f"{id_} is {text(row, 'state')}, and the journal says nothing"


def _sessions(checker: "Checker") -> dict[str, Item]:
    rows = checker._table("nodes")
    return {text(row, "pk").split("#")[2]: row for row in rows if _kind(row) == "pairing-session"}


def _events(checker: "Checker") -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in checker._table("journal"):
        content: dict[str, Any] = json.loads(text(row, "content") or "{}")
        room, _, verb = str(content.get("kind", "")).partition(".")
        if room == "pairing":
            found[content["subject"], verb] += 1
    return found


def _kind(row: Item) -> str:
    parts = text(row, "pk").split("#")
    return parts[1] if len(parts) > 2 else ""
