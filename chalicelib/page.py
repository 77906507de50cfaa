"""Pages of lists."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some items, and the key after which the next ones begin; None at the end."""

    items: Sequence[T]
    next: str | None
