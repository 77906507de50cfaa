"""One measured figure and its goal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure; it is good when it is at most its goal."""

    name: str
    value: float
    unit: str
    goal: float
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether the goal is met."""
        return self.value <= self.goal

    def line(self) -> str:
        """Return the figure as one line of JSON."""
        shown = {"name": self.name, "value": self.value, "unit": self.unit, "goal": self.goal}
        return json.dumps(shown | {"ok": self.ok} | dict(self.details))
