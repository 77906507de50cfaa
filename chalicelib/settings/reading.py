"""What one place says about the settings, and how its faults are put."""

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.errors import Fault, InvalidSettings
from chalicelib.settings.declaration import Declaration
from chalicelib.settings.kinds import Value

DEFAULT, FILE, ENVIRONMENT = "default", "palyra.toml", "environment"
_SHOWN = 60  # characters of a bad value


class Reading(NamedTuple):
    """What one place says.

    Attributes:
        values: what is set there, by key.
        faults: what is wrong there.
        doubtful: keys of which a fault leaves open what is meant.
    """

    values: dict[str, Value]
    faults: list[Fault]
    doubtful: set[str]


def unfit(declared: Declaration, where: str, value: object, fix: str) -> Fault:
    """Return the fault of a value that its kind refuses.

    Args:
        declared: the setting.
        where: what names it at that place, its key or its variable.
        value: what stands there; a secret's is kept to itself.
        fix: what the kind says.
    """
    told = "not valid" if declared.secret else _shortened(repr(value))
    return Fault(where, f"{where} is {told}", fix)


def refusal(faults: Iterable[Fault]) -> InvalidSettings:
    """Return the error that names all faults; with a single one it is that one."""
    first, *more = faults
    if not more:
        return InvalidSettings(first.detail, field=first.field, fix=first.fix)
    each = "; ".join(fault.detail for fault in (first, *more))
    return InvalidSettings(
        f"{1 + len(more)} settings are not valid: {each}",
        fix="mend each of them",
        faults=(first, *more),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}.."
