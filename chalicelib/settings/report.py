"""What is effective and where it comes from, with secrets masked."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chalicelib.settings.declaration import Declaration
from chalicelib.settings.kinds import Value
from chalicelib.settings.reading import DEFAULT

MASK = "********"


class Reported(NamedTuple):
    """One setting as it may be shown to anybody who may see settings.

    Attributes:
        source: `default`, `palyra.toml` or `environment`.
    """

    key: str
    variable: str
    value: Value
    default: Value
    source: str
    secret: bool
    range: str
    help: str


def report(
    declared: Iterable[Declaration], values: Mapping[str, Value], sources: Mapping[str, str]
) -> list[Reported]:
    """Return each setting with its value.

    Args:
        declared: the settings, in the order to show them.
        values: their effective values, by key.
        sources: where the values come from that are not the default, by key.
    """
    return [
        Reported(
            key=each.key,
            variable=each.variable,
            value=_shown(each, values[each.key]),
            default=_shown(each, each.default),
            source=sources.get(each.key, DEFAULT),
            secret=each.secret,
            range=each.range,
            help=each.help,
        )
        for each in declared
    ]


def _shown(declared: Declaration, value: Value) -> Value:
    return MASK if declared.secret and value is not None else value
