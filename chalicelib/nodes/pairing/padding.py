"""Padding: what is refused is refused after the same time, whatever it was that did not fit."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib.nodes.pairing.refusals import PairingUnavailable

STEP_SECONDS = 0.150
SLOW_SECONDS = 2.0


@dataclass(kw_only=True, eq=False, repr=False)
class Padding:
    """Holds refusals back; what takes longer than a step takes whole steps."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def of_refusals(self) -> Iterator[None]:
        """Let a refusal of what is done in this context come no earlier than others."""
        began = self.monotonic()
        try:
            yield
        except PairingUnavailable:
            spent = self.monotonic() - began
            self.sleep(math.ceil(spent / STEP_SECONDS or 1) * STEP_SECONDS - spent)
            raise

    def slow(self) -> None:
        """Wait, since there is too much of this everywhere."""
        self.sleep(SLOW_SECONDS)
