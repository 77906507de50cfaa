"""The newest entries of the journal, and those that come."""

from typing import Any

from cli import times
from cli.pace import Pace
from cli.session import Session

_PATH = "/v1/journal"
# What is new is among the newest; a longer look misses less where much comes at once.
_LOOK = 200
_MOST_LOOKS = 5


def tail(session: Session, number: int, *, is_followed: bool) -> None:
    """Print so many of the newest entries, and go on with new ones until it is interrupted.

    Raises:
        Problem: it was refused, or nobody answered for long.
    """
    seen: dict[int, int] = {}
    pace, etag = Pace(session, None), None
    page = session.api.changed(_PATH, None, limit=_LOOK)
    assert page is not None  # noqa: S101 - nothing is known yet that it could be the same as
    newest = page.document["items"]
    _note(newest, seen)
    _tell(session, newest[:number])
    while is_followed:
        pace.wait()
        etag = etag or page.etag
        answer = pace.changed(_PATH, etag, limit=_LOOK)
        if answer is not None:
            etag = answer.etag
            come = _new(session, answer.document, seen)
            _note(come, seen)
            _tell(session, come)


def _new(session: Session, page: dict[str, Any], seen: dict[int, int]) -> list[dict[str, Any]]:
    """Return the entries that have not been seen, the newest first."""
    come: list[dict[str, Any]] = []
    for _ in range(_MOST_LOOKS):
        fresh = [each for each in page["items"] if each["seq"] > seen.get(each["stream"], 0)]
        come += fresh
        if len(fresh) < len(page["items"]) or page["next"] is None:
            break
        page = session.api.get(_PATH, limit=_LOOK, cursor=page["next"])
    return come


def _note(entries: list[dict[str, Any]], seen: dict[int, int]) -> None:
    for entry in entries:
        stream = entry["stream"]
        seen[stream] = max(entry["seq"], seen.get(stream, 0))


def _tell(session: Session, newest_first: list[dict[str, Any]]) -> None:
    for entry in reversed(newest_first):
        if session.as_json:
            session.screen.event(entry)
        else:
            session.screen.brief(_line(entry, is_short=session.screen.is_for_people))


def _line(entry: dict[str, Any], *, is_short: bool) -> str:
    at = times.to_the_second(entry["at"]) if is_short else entry["at"]
    return f"{at}  {entry['kind']:<14}  {entry['actor']:<14}  {entry['subject']}"
