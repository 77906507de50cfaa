"""Which incidents a list is asked for; and two owners' lists as one."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chalicelib.incidents.incident import IncidentPage, IncidentState, RuntimeIncidentRecord
from chalicelib.page import Page

ACTIVE = "active"
STATES = (ACTIVE, *IncidentState)
_MOST_LOOKED_AT = 1_000
_PAGE = 100

# Returns an owner's incidents before a key, so many at most.
type Read = Callable[[str, str | None, int], IncidentPage]


class Filter(NamedTuple):
    """Which incidents are asked for; None for any.

    Attributes:
        state: one of the states, or `active` for those that are not resolved.
    """

    state: str | None = None
    domain: str | None = None
    severity: str | None = None
    kind: str | None = None

    @property
    def is_active(self) -> bool:
        """Return whether nothing that is resolved is asked for."""
        return self.state not in {None, IncidentState.RESOLVED}

    def takes(self, record: RuntimeIncidentRecord) -> bool:
        """Return whether an incident is asked for."""
        is_state = self.state in {None, record.state} or (self.state == ACTIVE and record.is_active)
        return (
            is_state
            and self.domain in {None, record.domain}
            and self.severity in {None, record.severity}
            and self.kind in {None, record.kind}
        )


def merged(
    read: Read,
    key: Callable[[RuntimeIncidentRecord], str],
    owners: Sequence[str],
    wanted: Filter,
    after: str | None,
    limit: int,
) -> Page[RuntimeIncidentRecord]:
    """Return a page of several owners' incidents, in the falling order of their keys.

    At most about 1,000 are looked at for one page: it may be short although others follow.
    """
    found: list[RuntimeIncidentRecord] = []
    looked_at = 0
    while looked_at < _MOST_LOOKED_AT:
        pages = [read(owner, after, _PAGE) for owner in owners]
        # Behind the last key of one owner's page, its next incidents would be missing.
        bound = max((page.next for page in pages if page.next), default=None)
        records = sorted((each for page in pages for each in page.items), key=key, reverse=True)
        for record in records:
            if bound is not None and key(record) < bound:
                break
            looked_at += 1
            if wanted.takes(record):
                found.append(record)
            if len(found) == limit:
                return Page(found, key(record))
        if bound is None:
            return Page(found, None)
        after = bound
        looked_at += 1  # A page of nothing but what was resolved meanwhile counts, too.
    return Page(found, after)
