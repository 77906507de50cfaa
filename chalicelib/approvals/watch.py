"""The watch: prompts whose time is over are ended, and whoever waits is told.

It runs with the sweep, every minute. A prompt that nobody decides for ten minutes becomes an
incident; one that nothing waits for any more is withdrawn; a decision that did not reach whoever
waited is told again. One broken prompt does not keep it from the others.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.approvals.prompt import ApprovalPromptRecord, Code, State, incident_key
from chalicelib.approvals.service import LOOK_EVERY, Approvals
from chalicelib.clock import Clock, rfc3339
from chalicelib.errors import Unavailable
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.kinds import APPROVAL_WAITS

_log = logging.getLogger("palyra.approvals")
STALE_AFTER = timedelta(minutes=10)


@dataclass(kw_only=True, eq=False, repr=False)
class ApprovalWatch:
    """Looks after the prompts of all owners."""

    approvals: Approvals
    clock: Clock

    def run(self, until: datetime) -> int:
        """Look at every prompt that is due, and return how many were settled or ended.

        Args:
            until: when to stop; the next run goes on with what is left.
        """
        done = 0
        for owner, approval_id in self._due():
            if self.clock.now() >= until:
                _log.warning("the watch ran out of time")
                break
            done += self._look_at(owner, approval_id)
        return done

    def _due(self) -> Iterator[tuple[str, str]]:
        store = self.approvals.store
        for shard in range(store.shards):
            yield from store.due(shard, self.clock.now())

    def _look_at(self, owner: str, approval_id: str) -> bool:
        try:
            record = self.approvals.find(owner, approval_id)
            return record is not None and self._act(record)
        except Unavailable:
            _log.warning("the next watch looks again", extra={"approval": approval_id})
        except Exception:  # noqa: BLE001 - one broken prompt must not delay another
            _log.exception("one approval could not be looked at", extra={"approval": approval_id})
        return False

    def _act(self, record: ApprovalPromptRecord) -> bool:
        """Do what is due about a prompt; False where it stays pending."""
        now = self.clock.now()
        if record.state is not State.PENDING:
            self.approvals.settle(record)
            return True
        if not self.approvals.waiters[record.prompt.kind].waits(record):
            self.approvals.close(record, Code.WITHDRAWN)
            return True
        if record.is_over(now):
            self.approvals.close(record, Code.EXPIRED)
            return True
        if now - record.asked_at >= STALE_AFTER:
            self.approvals.incidents.raise_(_stale(record), now)
        self.approvals.store.look_again(record, min(now + LOOK_EVERY, record.expires_at))
        return False


def _stale(record: ApprovalPromptRecord) -> Sighting:
    prompt = record.prompt
    return Sighting(
        owner=prompt.owner,
        kind=APPROVAL_WAITS,
        dedupe_key=incident_key(record),
        summary="nobody has decided an approval that work waits for",
        detail=f"Decide it by `palyra approvals show {prompt.id}`. It expires at "
        f"{rfc3339(record.expires_at)}, and the work ends denied then.",
        evidence={
            "action": prompt.action,
            "risk": prompt.risk,
            "asked_at": rfc3339(record.asked_at),
        },
        related=(prompt.id, prompt.task),
        subject=prompt.id,
        occurrence=prompt.id,
    )
