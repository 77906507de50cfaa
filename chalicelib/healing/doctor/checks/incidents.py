"""The check of the incidents."""

from chalicelib.healing.doctor.check import Look, Verdict, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.tables import SYSTEM

_SHOWN = 20


def active(rooms: Rooms) -> Look:
    """List what is known to be wrong, the worst first."""
    owners = (rooms.owner, SYSTEM) if rooms.sees(SYSTEM) else (rooms.owner,)
    there = [each for owner in owners for each in rooms.incidents.active(owner, None, _SHOWN).items]
    there.sort(key=lambda incident: -incident.severity.rank)
    bad = [f"{each.severity} in {each.domain}: {each.summary} ({each.id})" for each in there]
    is_grave = any(each.severity.rank >= IncidentSeverity.HIGH.rank for each in there)
    verdict = Verdict.FAILED if is_grave else Verdict.WARNING
    return found(bad, "no incident is active", verdict=verdict)
