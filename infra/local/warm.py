"""The first worker of every function that somebody waits for, started before anybody does.

That is all of them but those for dead letters. Each gets the kind of event that its trigger sends,
and one that asks nothing of it: a tick is harmless at any time, a worker gets no messages, the API
is asked for its health.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from infra.local import clients
from infra.local.deployed import Deployed
from infra.local.environment import REGION
from infra.local.errors import LocalCloudError
from infra.local.loopback import status_of
from infra.local.place import Place

_WITHIN_SECONDS = 90.0


def warm(place: Place, deployed: Deployed) -> None:
    """Start a worker of each function, all at once."""
    events = {arn: _tick() for arn in deployed.scheduled}
    events |= {arn: {"Records": []} for arn in deployed.of_lanes}
    with ThreadPoolExecutor() as pool:
        api = pool.submit(_ask_health, place)
        for failure in pool.map(_invoke, events, events.values()):
            if failure:
                raise LocalCloudError(failure)
        api.result()


def _invoke(arn: str, event: dict[str, Any]) -> str | None:
    answer = clients.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event).encode())
    if "FunctionError" not in answer:
        return None
    name = arn.rpartition(":")[2]
    return f"{name} does not run: {answer['Payload'].read().decode():.2000}"


def _ask_health(place: Place) -> None:
    deadline = time.monotonic() + _WITHIN_SECONDS
    status: int | None = HTTPStatus.GATEWAY_TIMEOUT
    # The gateway gives up before a cold start does on a machine that is busy.
    while status == HTTPStatus.GATEWAY_TIMEOUT and time.monotonic() < deadline:
        status = status_of("GET", place.port, "/healthz", seconds=_WITHIN_SECONDS)
    if status != HTTPStatus.OK:
        raise LocalCloudError(
            f"The API does not run (GET /healthz: {status}). Read {place.log_of_emulator}"
        )


def _tick() -> dict[str, Any]:
    return {
        "version": "0",
        "id": "warm",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": {},
    }
