"""Reading all places, in the order in which they outrank each other."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from chalicelib.errors import Fault
from chalicelib.settings.declaration import Declaration
from chalicelib.settings.file import read_file
from chalicelib.settings.kinds import Value
from chalicelib.settings.reading import ENVIRONMENT, FILE
from chalicelib.settings.variables import read_variables


class Found(NamedTuple):
    """What all places say.

    Attributes:
        values: what is set, by key.
        sources: where it is set, by key.
        faults: what is wrong anywhere.
        doubtful: keys of which a fault leaves open what is meant.
    """

    values: dict[str, Value]
    sources: dict[str, str]
    faults: list[Fault]
    doubtful: set[str]


def find(
    declared: Collection[Declaration], environment: Mapping[str, str], toml_path: Path
) -> Found:
    """Return what is set, variables over the file."""
    file = read_file(declared, toml_path)
    variables = read_variables(declared, environment)
    return Found(
        values=file.values | variables.values,
        sources=dict.fromkeys(file.values, FILE) | dict.fromkeys(variables.values, ENVIRONMENT),
        faults=[*file.faults, *variables.faults],
        doubtful=file.doubtful | variables.doubtful,
    )
