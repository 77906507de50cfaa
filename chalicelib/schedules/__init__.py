"""When a job is due: schedules as pure values, from what an operator writes to what is stored."""

from chalicelib.schedules.at import At
from chalicelib.schedules.counting import Counted, count_slots
from chalicelib.schedules.cron import Cron
from chalicelib.schedules.errors import InvalidSchedule
from chalicelib.schedules.every import Every
from chalicelib.schedules.normalize import normalize_schedule, read_schedule
from chalicelib.schedules.schedule import Schedule

__all__ = [
    "At",
    "Counted",
    "Cron",
    "Every",
    "InvalidSchedule",
    "Schedule",
    "count_slots",
    "normalize_schedule",
    "read_schedule",
]
