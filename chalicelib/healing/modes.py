"""Modes of healing: what is done about the incidents of a domain without an operator."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.incidents.kind import IncidentDomain, IncidentKind, Risk
from chalicelib.settings import Settings


class Mode(StrEnum):
    """What healing does.

    Attributes:
        DISABLED: nothing: incidents are raised by rooms, and stay until a room or an operator
            resolves them.
        OBSERVE_ONLY: it says what it would do, and resolves what is over.
        AUTO: it does what may be done without an operator.
    """

    DISABLED = "disabled"
    OBSERVE_ONLY = "observe_only"
    AUTO = "auto"


@dataclass(frozen=True)
class Modes:
    """The modes of a stage."""

    settings: Settings

    def of(self, kind: IncidentKind) -> Mode:
        """Return the mode for a kind: its domain's, else the stage's, else by the risk."""
        chosen = self.chosen(kind.domain)
        if chosen is not None:
            return chosen
        return Mode.AUTO if kind.remediation.risk_level is Risk.LOW else Mode.OBSERVE_ONLY

    def chosen(self, domain: IncidentDomain) -> Mode | None:
        """Return the mode that somebody has chosen for a domain, or None."""
        # A domain whose rooms do not exist yet has no setting of its own.
        own = getattr(self.settings, f"healing_{domain}_mode", None) or self.settings.healing_mode
        return None if own is None else Mode(own)
