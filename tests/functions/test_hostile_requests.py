"""Hostile requests to the app itself: each is answered below 500, and refused as a problem."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings

from chalicelib.clock import rfc3339
from tests.functions.http.api import Api
from tests.functions.http.contract import DOCUMENT
from tests.functions.http.tasks import made
from tests.functions.http.test_fuzz import is_fair
from tests.support import hostile
from tests.support.world import NOON

EXAMPLES = 400
ROUTED = ("GET", "POST", "PUT", "PATCH", "DELETE")  # Others are the gateway's to refuse.
SLOW = {"every": "300d"}
LATER = rfc3339(NOON + timedelta(days=300))
TRACES = ("Traceback (most recent call last)", 'File "/')


@pytest.fixture(scope="module")
def known(closed_api: Api) -> Mapping[str, str]:
    """What the placeholders stand for."""
    job = closed_api.job(schedule=SLOW)
    return {
        "@job": job,
        "@foreign": closed_api.job(schedule=SLOW, owner="stranger"),
        "@task": made(closed_api, not_before=LATER),
        "@run": f"{job}-001800000000",
        "@token": closed_api.token("main"),
        "@stranger": closed_api.token("stranger"),
        "@later": LATER,
    }


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=hostile.requests(DOCUMENT))
def test_no_request_makes_the_api_fail(
    closed_api: Api, known: Mapping[str, str], drawn: hostile.Request
) -> None:
    assume(drawn.method in ROUTED)
    request = drawn.filled(known)
    assume(dict(request.headers).get("Authorization", "").isascii())  # Else Chalice's client fails.

    reply = closed_api.send(
        request.method, request.target, request.body, headers=dict(request.headers)
    )

    assume("x-amzn-ErrorType" not in reply.headers)  # The gateway's, which is not under test.
    assert is_fair(reply), f"{request}\n{reply}"
    assert not any(trace in str(reply.body) for trace in TRACES), f"{request}\n{reply}"
