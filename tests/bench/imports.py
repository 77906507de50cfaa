"""How much a cold start imports: the handlers' modules over PynamoDB's, each in a fresh process.

What is counted is the processor time of the import alone, which does not grow when the machine is
busy with something else; and the figure is a ratio of neighbours, the median of many, so that a
slow machine or a slow minute hits both sides of it. A batch that misses the goal is measured again,
and the best one counts: what disturbs a batch passes, what a change adds to an import does not.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from infra.local.place import CHECKOUT
from tests.bench.figure import Figure

BASE = "pynamodb.models"
HANDLERS = {
    "cron_tick": "chalicelib.functions.schedules",
    "worker_normal": "chalicelib.functions.queues",
}
# What these goals cost, and what would bring them back: docs/decisions/cold-start.md.
GOALS = {"cron_tick": 1.6, "worker_normal": 2.1}
_CODE = """
import sys, time
before = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - before)
"""
_HANDLED = tuple(HANDLERS.values())
_QUICK_ROUNDS, _ROUNDS, _BATCHES = 11, 25, 3


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the ratio of each handler's module."""
    count = _QUICK_ROUNDS if quick else _ROUNDS
    with tempfile.TemporaryDirectory(prefix="palyra-bytecode-") as compiled:
        _round(compiled)  # The first one compiles and reads from disk.
        batches = [[_round(compiled) for _ in range(count)]]
        while len(batches) < _BATCHES and _misses(batches[-1]):
            batches.append([_round(compiled) for _ in range(count)])
    for function, module in HANDLERS.items():
        best = min(batches, key=lambda batch: _ratio(batch, module))
        yield Figure(
            name=f"import.{function}",
            value=round(_ratio(best, module), 3),
            unit=f"processor time over that of {BASE}",
            goal=GOALS[function],
            details={
                "module": module,
                "ms": _milliseconds(best, module),
                "base_ms": _milliseconds(best, BASE),
                "rounds": count,
                "batches": len(batches),
            },
        )


def _ratio(batch: list[dict[str, float]], module: str) -> float:
    return statistics.median(each[module] / each[BASE] for each in batch)


def _round(compiled: str) -> dict[str, float]:
    return {module: _seconds(module, compiled) for module in (BASE, *_HANDLED)}


def _seconds(module: str, compiled: str) -> float:
    # Where bytecode may not be written, an import would be measured with its compilation.
    written = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    measured = subprocess.run(
        [sys.executable, "-c", _CODE, module],
        cwd=CHECKOUT,
        env=os.environ | {"PALYRA_STAGE": "local"} | written,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return float(measured.stdout)


def _milliseconds(rounds: list[dict[str, float]], module: str) -> float:
    return round(statistics.median(each[module] for each in rounds) * 1000, 1)


def _misses(batch: list[dict[str, float]]) -> bool:
    return any(_ratio(batch, module) > GOALS[name] for name, module in HANDLERS.items())
