"""Stages of one function: one that fails does not keep the others from being made."""

from collections.abc import Callable

from chalicelib.functions.observability import logger


class Stages:
    """Makes stages one after another, and keeps what they failed with."""

    def __init__(self) -> None:
        """Begin without a failure."""
        self._failed: list[Exception] = []

    def made[T](self, stage: Callable[[], T], otherwise: T) -> T:
        """Return what a stage returns, or something else where it fails."""
        try:
            return stage()
        except Exception as error:  # noqa: BLE001 - it is raised when all were made
            logger.exception("a stage failed")
            self._failed.append(error)
            return otherwise

    def raise_first(self) -> None:
        """Raise what the first stage that failed did; the function has failed then."""
        if self._failed:
            raise self._failed[0]
