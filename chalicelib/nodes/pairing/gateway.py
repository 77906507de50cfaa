"""KnownGateway: who this gateway is, remembered for a short while.

Every attempt needs it, and it changes once in years. What a node was told is part of its keys, so
that one that was told of the authority before a rollover finds out when it holds its certificate
against that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.nodes.authority.service import Gateway

_GOOD_FOR = timedelta(seconds=30)


@dataclass(kw_only=True, eq=False, repr=False)
class KnownGateway:
    """The gateway as it was within the last half minute.

    Attributes:
        ask: returns it as it is now.
    """

    ask: Callable[[], Gateway]
    _known: tuple[Gateway, datetime] | None = field(init=False, default=None)

    def get(self, now: datetime) -> Gateway:
        """Return who this gateway is.

        Raises:
            Unavailable: AWS did not answer.
        """
        # A clock that was set back must not make it last longer.
        if self._known is None or not timedelta() <= now - self._known[1] < _GOOD_FOR:
            self._known = self.ask(), now
        return self._known[0]
