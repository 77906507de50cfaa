from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.clock import rfc3339
from cli.times import exact, relative
from tests.support.world import NOON


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        ({"seconds": 0}, "now"),
        ({"milliseconds": -999}, "now"),
        ({"seconds": -1}, "1 s ago"),
        ({"seconds": -59.9}, "59 s ago"),
        ({"minutes": -1}, "1 m ago"),
        ({"minutes": 5}, "in 5 m"),
        ({"minutes": -119}, "1 h ago"),
        ({"hours": 47}, "in 1 d"),
        ({"days": -59}, "59 d ago"),
        ({"days": -60}, "2026-09-23"),
        ({"days": 400}, "2027-12-27"),
    ],
)
def test_a_distance_has_one_unit(distance: dict[str, float], told: str) -> None:
    assert relative(rfc3339(NOON + timedelta(**distance)), NOON) == told


def test_an_exact_instant_names_its_zone() -> None:
    assert exact("2026-11-22T12:00:00.500Z") == "2026-11-22 12:00:00 UTC"


@settings(deadline=None)
@given(st.timedeltas(timedelta(days=-700_000), timedelta(days=2_000_000)))
def test_every_instant_can_be_told(distance: timedelta) -> None:
    assert len(relative(rfc3339(NOON + distance), NOON)) <= 10
