"""Following a code from its mint until its device is a node, with the decision in between."""

from datetime import datetime
from typing import Any

import click

from cli.output import State
from cli.pace import Pace
from cli.pairing_requests import PENDING, REQUESTS, decide, show_request, where
from cli.problem import Exit, Problem
from cli.session import Session

_CODES = "/v1/pairing/codes"
_PAIRED = "active"
_UNFINISHED = frozenset({PENDING, "approved", "issued"})


def follow(session: Session, code: dict[str, Any], timeout: float | None) -> None:
    """Wait for a code's device, decide about it, and wait until it is a node; exit 1 unless it is.

    Raises:
        Problem: the code ended without a request, it was not approved, the time is over, or nobody
            answers.
    """
    watch = _Watch(session, Pace(session, timeout), code)
    try:
        state = watch.to_the_end()
    except KeyboardInterrupt:
        session.screen.note(f"it goes on: {watch.how_to_go_on}")
        raise
    if state != _PAIRED:
        click.get_current_context().exit(Exit.FAILED)


class _Watch:
    """What is known of a code and its request already."""

    def __init__(self, session: Session, pace: Pace, code: dict[str, Any]) -> None:
        self._session = session
        self._pace = pace
        self._code = code
        self._id = ""
        self._state = ""
        self._etags: dict[str, str | None] = {}
        self._seen: dict[str, dict[str, Any]] = {}

    @property
    def how_to_go_on(self) -> str:
        """Return what a person does who did not wait for the end."""
        if self._id:
            return f"`palyra pairing show {self._id}` tells how far it is"
        return (
            "`palyra pairing requests` shows the device,"
            f" `palyra pairing revoke {self._code['code_id']}` ends the code"
        )

    def to_the_end(self) -> str:
        """Return the state that the request ended in."""
        request = self._awaited()
        self._id = request["request_id"]
        self._tell_request(request)
        if request["state"] == PENDING:
            request = decide(self._session, request, {})
        while True:
            self._tell_state(request["state"])
            if request["state"] not in _UNFINISHED:
                self._end(request)
                return str(request["state"])
            self._pace.wait()
            request = self._changed(where(self._id)) or request

    def _awaited(self) -> dict[str, Any]:
        """Return the request that was made by the code."""
        if not self._session.as_json:
            self._session.screen.note("waiting for the device; Ctrl-C ends the waiting")
        while True:
            # The codes first: a code and its request change places in one moment.
            codes = self._changed(_CODES)
            if found := self._among(self._changed(REQUESTS)):
                return found
            if codes is not None and not self._is_live(codes):
                if found := self._among(self._session.api.get(REQUESTS)):
                    return found
                detail = "the code has ended: nobody proved it in time, or it was decided elsewhere"
                raise Problem.of(Exit.FAILED, detail, "mint another one")
            self._pace.wait()

    def _among(self, page: dict[str, Any] | None) -> dict[str, Any] | None:
        # Another code may have had the same four characters before.
        minted = datetime.fromisoformat(self._code["created_at"])
        for each in page["items"] if page else ():
            is_same = each["code_id"] == self._code["code_id"]
            if is_same and datetime.fromisoformat(each["created_at"]) >= minted:
                return dict(each)
        return None

    def _is_live(self, codes: dict[str, Any]) -> bool:
        return any(each["code_id"] == self._code["code_id"] for each in codes["items"])

    def _changed(self, path: str) -> dict[str, Any] | None:
        """Return what a path shows; what it showed last where that is the same, or nobody knows."""
        answer = self._pace.changed(path, self._etags.get(path))
        if answer is not None:
            self._etags[path], self._seen[path] = answer.etag, answer.document
        return self._seen.get(path)

    def _tell_request(self, request: dict[str, Any]) -> None:
        self._state = request["state"]
        if self._session.as_json:
            self._session.screen.event({"event": "request"} | request)
        else:
            self._session.look_at_the_clock()
            self._session.screen.blank()
            show_request(self._session.screen, request)

    def _tell_state(self, state: str) -> None:
        if state == self._state:
            return
        self._state = state
        if self._session.as_json:
            self._event("state", state)
        else:
            self._session.screen.state(self._id, State(state))

    def _end(self, request: dict[str, Any]) -> None:
        device = request["verified"]["device_id"]
        if self._session.as_json:
            self._event("end", request["state"], device_id=device)
        elif request["state"] == _PAIRED:
            self._session.screen.line(f"paired  {device}")
            note = f"what it can do, once it runs: `palyra capabilities list {device}`"
            self._session.screen.note(note)

    def _event(self, event: str, state: str, **more: str) -> None:
        told = {"event": event, "request_id": self._id, "state": state}
        self._session.screen.event(told | more)
