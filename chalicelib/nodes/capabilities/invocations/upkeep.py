"""Upkeep: ends the requests that nobody ends in time, and those of devices that were thrown out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import NotFound
from chalicelib.nodes.capabilities.invocations.keeper import RequestKeeper
from chalicelib.nodes.capabilities.invocations.store import OpenRequest

_AT_ONCE = 500
_MARGIN = timedelta(seconds=5)


@dataclass(kw_only=True, eq=False, repr=False)
class RequestUpkeep:
    """Looks after the open requests of all devices."""

    keeper: RequestKeeper

    def run(self, deadline: datetime) -> int:
        """End what is overdue or rejected, and return how much was looked at for that.

        Args:
            deadline: when the function has to be done; the next run goes on.

        Raises:
            Unavailable: AWS did not answer.
        """
        looked_at = 0
        active: dict[tuple[str, str], bool] = {}
        for each in self.keeper.store.open(_AT_ONCE):
            if self.keeper.now() + _MARGIN >= deadline:
                break
            if self._is_due(each, active):
                self._judge(each)
                looked_at += 1
        return looked_at

    def _is_due(self, each: OpenRequest, active: dict[tuple[str, str], bool]) -> bool:
        if each.deadline <= self.keeper.now():
            return True
        of = (each.owner, each.device_id)
        if of not in active:
            active[of] = self.keeper.is_active(*of)
        return not active[of]

    def _judge(self, each: OpenRequest) -> None:
        try:
            self.keeper.get(each.owner, each.device_id, each.id)
        except NotFound:
            return  # The index lags behind.
