"""The check of the policies."""

from chalicelib.errors import PalyraError
from chalicelib.healing.doctor.check import Look, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.policy.authority import NoSuchVersion
from chalicelib.policy.versions import NO_POLICIES


def readable(rooms: Rooms) -> Look:
    """Parse what is active, from where it is kept."""
    version = rooms.authority.store.active(rooms.owner).version
    good = "the defaults alone decide"
    if version != NO_POLICIES:
        good = f"version {version} decides, with the defaults"
    try:
        rooms.authority.of_version(rooms.owner, version)
    except NoSuchVersion:
        return found([f"version {version} is missing, or is not what was kept"], "")
    except (PalyraError, ValueError) as error:
        return found([f"version {version} cannot be read: {type(error).__name__}"], "")
    return found([], good)
