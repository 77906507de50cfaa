"""Orders: what an examination is asked for, as its task's payload says it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.clock import NotAnInstant, read_rfc3339
from chalicelib.errors import Invalid, only_fields
from chalicelib.healing.doctor.catalogue import chosen
from chalicelib.healing.doctor.examination import MOST_WINDOW_DAYS, Mode, Order

_LOOK, _RUN = ("only", "skip", "since"), ("fix", "undo")
MOST_NAMES = 64
MOST_KEY_CHARACTERS = 64
_SOON = timedelta(minutes=5)


def read_order(payload: Mapping[str, Any], now: datetime | None = None) -> Order:
    """Return what a payload asks for.

    Args:
        payload: `only`, `skip` and `since`; or `fix` or `undo` with the id of an examination.
        now: the instant of the question, by which `since` must be possible; None where it was.

    Raises:
        Invalid: names the field and the fix.
    """
    only_fields(payload, (*_LOOK, *_RUN))
    for name in _RUN:
        if name in payload:
            return _going_by(name, payload)
    only, skip = _names(payload, "only"), _names(payload, "skip")
    chosen(only, skip)
    return Order(only=only, skip=skip, since=_since(payload, now))


def _going_by(name: str, payload: Mapping[str, Any]) -> Order:
    run = payload[name]
    if not isinstance(run, str) or not run:
        raise Invalid("it is not an id", field=name, fix="send the id of an examination")
    others = sorted(set(payload) - {name})
    if others:
        fix = f"send {name} alone"
        raise Invalid("it goes by another examination", field=others[0], fix=fix)
    return Order(mode=Mode(name), run=run)


def _names(payload: Mapping[str, Any], field: str) -> tuple[str, ...]:
    given = payload.get(field) or ()
    is_list = isinstance(given, Sequence) and not isinstance(given, str)
    if not is_list or len(given) > MOST_NAMES or not all(isinstance(it, str) for it in given):
        fix = f"send a list of at most {MOST_NAMES} keys or rooms"
        raise Invalid("it is not a list of checks", field=field, fix=fix)
    return tuple(dict.fromkeys(given))


def _since(payload: Mapping[str, Any], now: datetime | None) -> datetime | None:
    given = payload.get("since")
    if given is None:
        return None
    try:
        since = read_rfc3339(given)
    except NotAnInstant as error:
        raise Invalid(error.detail, field="since", fix=error.fix) from None
    if now is not None and not now - timedelta(days=MOST_WINDOW_DAYS) - _SOON <= since < now:
        fix = f"send an instant of the last {MOST_WINDOW_DAYS} days"
        raise Invalid("the ledger is not looked at from there", field="since", fix=fix)
    return since
