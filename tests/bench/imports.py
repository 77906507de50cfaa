"""How much a cold start imports: the handlers' modules over PynamoDB's, each in a fresh process.

What is counted is the processor time of the import alone, which does not grow when the machine is
busy with something else; and the figure is a ratio of neighbours, so that a slow machine or a slow
minute hits both sides of it.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator

from infra.local.place import CHECKOUT
from tests.bench.figure import Figure

GOAL = 1.35
BASE = "pynamodb.models"
HANDLERS = {
    "cron_tick": "chalicelib.functions.schedules",
    "worker_normal": "chalicelib.functions.queues",
}
_CODE = """
import sys, time
before = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - before)
"""
_QUICK_ROUNDS, _ROUNDS = 9, 25


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the ratio of each handler's module: the median of interleaved rounds."""
    modules = (BASE, *HANDLERS.values())
    _round(modules)  # The first one compiles and reads from disk.
    rounds = [_round(modules) for _ in range(_QUICK_ROUNDS if quick else _ROUNDS)]
    for function, module in HANDLERS.items():
        ratio = statistics.median(each[module] / each[BASE] for each in rounds)
        yield Figure(
            name=f"import.{function}",
            value=round(ratio, 3),
            unit=f"processor time over that of {BASE}",
            goal=GOAL,
            details={
                "module": module,
                "ms": _milliseconds(rounds, module),
                "base_ms": _milliseconds(rounds, BASE),
                "rounds": len(rounds),
            },
        )


def _round(modules: tuple[str, ...]) -> dict[str, float]:
    return {module: _seconds(module) for module in modules}


def _seconds(module: str) -> float:
    measured = subprocess.run(
        [sys.executable, "-c", _CODE, module],
        cwd=CHECKOUT,
        env=os.environ | {"PALYRA_STAGE": "local"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return float(measured.stdout)


def _milliseconds(rounds: list[dict[str, float]], module: str) -> float:
    return round(statistics.median(each[module] for each in rounds) * 1000, 1)
