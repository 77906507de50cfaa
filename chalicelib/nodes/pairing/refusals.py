"""What pairing is refused with.

Whoever has not proven a code learns one thing, whatever was wrong: `PairingUnavailable`, always the
same and after the same time. An operator learns what it was.
"""

from datetime import timedelta

from chalicelib.errors import Conflict, Invalid, PalyraError


class PairingUnavailable(Conflict):
    """There is no pairing that could go on with this."""

    def __init__(self) -> None:
        super().__init__(fix="ask the operator for a new code, and begin again")


class SlowDown(PalyraError):
    """This was asked too often."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__("this was asked too often", fix=f"wait {seconds} seconds")
        self.wait = wait


class StaleRequest(Conflict):
    """The request is not the one that was looked at."""


class SasMismatch(Invalid):
    """The number is not the one that the device shows."""
