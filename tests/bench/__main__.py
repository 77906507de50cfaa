"""`python -m tests.bench`: print one JSON line a figure; end with 1 if a goal is missed."""

import logging
import os
import sys
from collections.abc import Iterator

from tests.bench import (
    dispatch,
    imports,
    journal,
    messages,
    nodes,
    package,
    redaction,
    schedules,
    units,
)
from tests.bench.figure import Figure


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield every figure, as soon as it is there."""
    for part in (units, messages, dispatch, schedules, redaction, journal, nodes, imports, package):
        yield from part.figures(quick=quick)


def main() -> int:
    """Print the figures, and what was missed."""
    logging.getLogger("palyra").setLevel(logging.ERROR)  # Figures are the only lines.
    missed = []
    for figure in figures(quick=bool(os.environ.get("QUICK"))):
        sys.stdout.write(f"{figure.line()}\n")
        sys.stdout.flush()
        if not figure.ok:
            missed.append(figure)
    for figure in missed:
        sys.stderr.write(
            f"Missed: {figure.name} is {figure.value} {figure.unit}, its goal {figure.goal}\n"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
