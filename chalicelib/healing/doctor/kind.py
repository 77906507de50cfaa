"""The kind of task that an examination is, as workers know it before they carry one out.

The doctor looks into every room, and loads them all: a worker that has no examination to carry out
loads none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.background.kinds import Conclusion, Continuation, Ending, Kind, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.task import Task

KIND = "doctor"


@dataclass(kw_only=True, eq=False, repr=False)
class LateKind:
    """A kind that is made when the first task of it is carried out.

    Attributes:
        make: imports and returns it.
    """

    make: Callable[[], Kind]
    conclusion: Conclusion

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation | Waiting:
        """Do the work of a claimed task."""
        return self.make().perform(task, lease)
