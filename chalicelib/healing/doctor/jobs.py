"""The jobs of who asked, as the checks look at them."""

from collections.abc import Iterator

from chalicelib.healing.doctor.check import NotKnown
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.scheduler.job import Seen
from chalicelib.tables import owned

MOST_JOBS = 500


def each_job(rooms: Rooms) -> Iterator[tuple[str, Seen]]:
    """Yield the jobs that were not deleted.

    Raises:
        NotKnown: there are more than a check looks at.
        Unavailable: DynamoDB did not answer.
    """
    ids = rooms.jobs.listed(rooms.owner, None, MOST_JOBS + 1)
    for job_id in ids[:MOST_JOBS]:
        seen = rooms.jobs.seen(owned(rooms.owner, job_id))
        if seen is not None:
            yield job_id, seen
    if len(ids) > MOST_JOBS:
        raise NotKnown(f"there are more than {MOST_JOBS} jobs; see `palyra jobs list`")
