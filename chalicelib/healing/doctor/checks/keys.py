"""The check of the keys in KMS, which are all the secrets that a stage keeps."""

from collections.abc import Iterator

from chalicelib.healing.doctor.check import Look, found
from chalicelib.healing.doctor.rooms import Rooms
from chalicelib.settings import resource


def usable(rooms: Rooms) -> Look:
    """See that each key is there, enabled, not about to be deleted, and what it must be."""
    keys = rooms.wanted.keys
    bad = [f"{name}: {what}" for name in keys for what in _faults(rooms, name)]
    return found(bad, f"{len(keys)} keys are enabled")


def _faults(rooms: Rooms, name: str) -> Iterator[str]:
    answer = rooms.cloud.ask("kms", "describe_key", KeyId=f"alias/{resource(name)}")
    if answer is None:
        yield "there is no such key"
        return
    key, (spec, usage) = answer["KeyMetadata"], rooms.wanted.keys[name]
    if key["KeyState"] != "Enabled":
        date = key.get("DeletionDate")
        until = f", and is deleted at {date:%Y-%m-%d %H:%M} UTC" if date else ""
        yield f"it is {key['KeyState']}{until}"
    found_spec = key.get("KeySpec") or key.get("CustomerMasterKeySpec")
    if (found_spec, key["KeyUsage"]) != (spec, usage):
        yield f"it is {found_spec} for {key['KeyUsage']}; it must be {spec} for {usage}"
