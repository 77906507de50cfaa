"""What a schedule that makes no sense is answered with."""

from chalicelib.errors import Invalid


class InvalidSchedule(Invalid, ValueError):
    """The schedule is not valid."""
