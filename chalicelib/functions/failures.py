"""Failures: a function that fails says so, as an incident of the stage."""

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from chalicelib.errors import InvalidSettings

_log = logging.getLogger("palyra.failures")


def telling[T](function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Raise the incident of a function that fails, and let it fail.

    Nothing that goes wrong with that hides the failure itself: who cannot reach DynamoDB cannot
    say so there, and the function's log and its alarms say it then.
    """

    @wraps(function)
    def handler(event: Any) -> T:
        try:
            return function(event)
        except InvalidSettings:
            raise  # Nobody can say it without settings; their own alarm does.
        except Exception as error:
            request_id = getattr(event.context, "aws_request_id", None)
            hiding_nothing(partial(_raise, function.__name__, error, request_id))
            raise

    return handler


def hiding_nothing(tell: Callable[[], None]) -> None:
    """Tell a failure; that it cannot be told must not take its place."""
    try:
        tell()
    except Exception:  # noqa: BLE001 - the failure that is told must not be hidden by another
        _log.warning("the function's failure was not told", exc_info=True)


def _raise(name: str, error: Exception, request_id: str | None) -> None:
    from chalicelib.functions.wiring.container import container  # noqa: PLC0415  only a failure loads it
    from chalicelib.incidents import kinds  # noqa: PLC0415  only a failure loads it
    from chalicelib.incidents.incident import Sighting  # noqa: PLC0415  only a failure loads it
    from chalicelib.incidents.store import IncidentStore  # noqa: PLC0415  only a failure loads it
    from chalicelib.tables import SYSTEM  # noqa: PLC0415  only a failure loads it

    now = container().clock.now()
    sighting = Sighting(
        owner=SYSTEM,
        kind=kinds.FUNCTION_FAILING,
        dedupe_key=f"{kinds.FUNCTION_FAILING.name}:{name}",
        # Lambda repeats a request under its id, and each time that fails is one.
        occurrence=f"{name}/{request_id}@{now:%Y-%m-%dT%H:%M:%S}",
        summary=f"the function {name} fails",
        detail=f"{type(error).__name__}: {error}",
        evidence={"function": name, "request_id": str(request_id)},
        related=(name,),
        subject=name,
    )
    IncidentStore().raise_(sighting, now)
