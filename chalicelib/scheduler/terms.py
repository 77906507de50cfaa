"""Terms: what a job's slots are run under, apart from when and what.

All of them are small and on the hot row: ticks, workers and the sweep decide by them.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from chalicelib.background.backoff import Backoff

MOST_JITTER = timedelta(hours=1)
MOST_RUNS = 1_000_000
MOST_FAILURES = 1_000
MOST_BACKOFF = timedelta(days=1)


class CronMisfirePolicy(StrEnum):
    """What becomes of slots that nobody handed over in time."""

    SKIP = "skip"
    CATCH_UP = "catch_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the slots of one job are run.

    Attributes:
        jitter: how much later than its instant a slot may begin at most; whole seconds.
        max_attempts: tries that each slot gets.
        backoff: the pauses between them, or None for those of the settings.
        max_runs: after how many runs the job is completed, or None for never.
        pause_after: after how many failures in a row it is paused, or None for never.
    """

    misfire: CronMisfirePolicy = CronMisfirePolicy.SKIP
    jitter: timedelta = timedelta()
    max_attempts: int = 3
    backoff: Backoff | None = None
    max_runs: int | None = None
    pause_after: int | None = None
