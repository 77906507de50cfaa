"""Kinds of tasks that few tasks are of, as workers know them before they carry one out.

What such a kind needs is loaded with its first task: a worker that has none to carry out loads none
of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.background.kinds import Conclusion, Continuation, Ending, Kind, Waiting
from chalicelib.background.lease import Lease
from chalicelib.background.task import Task

ERASURE = "erasure"
JOURNAL_EXPORT = "journal_export"
JOURNAL_VERIFY = "journal_verify"


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
