"""How a setting is declared: as a field of a dataclass, with all that is known about it."""

from dataclasses import field, fields
from typing import Any, NamedTuple

from chalicelib.settings.kinds import Kind, Value


class Declaration(NamedTuple):
    """One setting.

    Attributes:
        key: where it stands in palyra.toml, such as `tasks.lease_seconds`.
        default: what it is when nobody sets it; None = unset.
        kind: the values it takes.
        help: one line for people.
        example: what the reference shows where there is no default.
        secret: whether its value is shown to nobody.
    """

    key: str
    default: Value
    kind: Kind
    help: str
    example: Value = None
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of the setting."""
        return f"PALYRA_{self.key.upper().replace('.', '_')}"

    @property
    def section(self) -> str:
        """The table of palyra.toml that holds it."""
        return self.key.rpartition(".")[0]

    @property
    def name(self) -> str:
        """Its name within the section."""
        return self.key.rpartition(".")[2]

    @property
    def range(self) -> str:
        """The values it takes, in words."""
        return self.kind.range if self.default is not None else f"{self.kind.range}, or unset"


def declare(declaration: Declaration) -> Any:
    """Return the dataclass field of a setting."""
    return field(
        default=declaration.default,
        repr=not declaration.secret,
        metadata={"declaration": declaration},
    )


def declarations(settings: Any) -> dict[str, Declaration]:
    """Return the settings that a dataclass declares, by the name of their field."""
    return {
        item.name: item.metadata["declaration"]
        for item in fields(settings)
        if "declaration" in item.metadata
    }
