"""IncidentEraser: what operators wrote when they resolved an incident."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.background.erasure import Part
from chalicelib.background.gate.service import FIRST_OWNER
from chalicelib.incidents.store import IncidentStore
from chalicelib.tables import SYSTEM


@dataclass(kw_only=True, eq=False, repr=False)
class IncidentEraser:
    """Erases why incidents were resolved; what became of them stays, and who said so."""

    incidents: IncidentStore

    def holds(self, owner: str, subject: str) -> bool:
        """Return whether the subject is an incident, in whatever state it is."""
        return any(self.incidents.get(each, subject) for each in _whose(owner))

    def erase(self, owner: str, subject: str, after: str) -> Iterator[Part]:
        """Erase the reasons; an incident of the stage has the same id nowhere else."""
        for each in _whose(owner):
            for behind in self.incidents.unsay(each, subject, after):
                yield Part(behind)


def _whose(owner: str) -> tuple[str, ...]:
    """Return whose incidents an owner's admins resolve."""
    return (owner, SYSTEM) if owner == FIRST_OWNER else (owner,)
