"""What is wrong with the journal itself, and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LATE_KEY = "seal-late"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFault:
    """Something is wrong with the journal.

    Attributes:
        key: what tells this fault from others; the same fault seen again has the same.
        occurrence: the id of this observation.
        what: a sentence.
        detail: what to do about it.
        is_broken: something was changed that may never change; else it is only late.
    """

    key: str
    occurrence: str
    what: str
    detail: str
    is_broken: bool
    evidence: Mapping[str, str] = field(default_factory=dict)


class Alarm(Protocol):
    """Whoever is told; `incidents` is above this room, so the wiring hands it in."""

    def tell(self, fault: JournalFault) -> None:
        """Note a fault, once for each occurrence.

        Raises:
            Unavailable: it could not be noted.
        """

    def late_is_over(self) -> None:
        """Note that seals come in time again.

        Raises:
            Unavailable: it could not be noted.
        """
