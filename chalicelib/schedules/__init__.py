"""When a job is due: schedules as pure values, from what an operator writes to what is stored."""

from chalicelib.schedules.at import At
from chalicelib.schedules.cron import Cron
from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.every import Every
from chalicelib.schedules.normalize import normalize_schedule, read_schedule
from chalicelib.schedules.schedule import Schedule

__all__ = [
    "At",
    "Cron",
    "Every",
    "InvalidSchedule",
    "Schedule",
    "normalize_schedule",
    "read_schedule",
]
