"""How long a megabyte takes to be redacted, as text, as JSON, as an image and as a document.

Texts that are made to take long have goals of their own: docs/decisions/redaction.md says why.

Processor time, the best of a few: what a quiet machine would take.
"""

import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from chalicelib.redaction import redact, redact_text
from tests.bench import pace
from tests.bench.figure import Figure
from tests.redaction.hostile import texts

_BYTES = 1024 * 1024
GOAL = 200
# A text of nothing but secrets takes time for each of them.
DENSE_GOAL = 2000
# Other texts that look for a while as if they held some.
NEARLY_GOAL = 600
_HOSTILE_BYTES = 256 * 1024
_HOSTILE = {
    "secrets": DENSE_GOAL,
    "pwd given": DENSE_GOAL,
    "closed quotes": DENSE_GOAL,
    "signature in open quotes": DENSE_GOAL,
    "token in open braces": DENSE_GOAL,
    "percent of secrets": DENSE_GOAL,
    "base64 of secrets": DENSE_GOAL,
    "cookies": NEARLY_GOAL * 2,
    "ats": NEARLY_GOAL * 2,
    "base64": NEARLY_GOAL,
    "percent": NEARLY_GOAL,
    "github-token ghp_ nearly": NEARLY_GOAL,
    "keys with ends far away": GOAL,
    "open brackets": GOAL,
    "backslashes": GOAL,
    "words": GOAL,
    "nothing": GOAL,
    "spaces": GOAL,
}
_QUICK_ROUNDS, _ROUNDS = 3, 5
_LINE = "The scheduler hands over each slot that is due, and the worker takes its task by a token. "


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the time of each kind of payload."""
    rounds = _QUICK_ROUNDS if quick else _ROUNDS
    for name, (clear, payload) in _payloads().items():
        seconds, slower = pace.fastest(partial(_seconds, clear, payload), rounds)
        yield Figure(
            name=f"redaction.{name}",
            value=round(seconds * 1000, 1),
            unit="milliseconds a megabyte",
            goal=GOAL,
            details={
                "bytes": _size(payload),
                "rounds": rounds,
                "machine_slower": round(slower, 2),
            },
        )
    kinds = dict(texts(_HOSTILE_BYTES))
    for name, goal in _HOSTILE.items():
        seconds, slower = pace.fastest(partial(_seconds, redact_text, kinds[name]), rounds)
        yield Figure(
            name=f"redaction.hostile.{name.replace(' ', '_')}",
            value=round(seconds * 1000 * _BYTES / _HOSTILE_BYTES, 1),
            unit="milliseconds a megabyte",
            goal=goal,
            details={
                "bytes": _HOSTILE_BYTES,
                "rounds": rounds,
                "machine_slower": round(slower, 2),
            },
        )


def _payloads() -> dict[str, tuple[Callable[[Any], Any], Any]]:
    chance = random.Random(1)
    items = [
        {
            "id": f"01M81J18G0{n:016}",
            "sha256": chance.randbytes(32).hex(),
            "token": n,
            "text": _LINE,
        }
        for n in range(4500)
    ]
    image = base64.b64encode(chance.randbytes(_BYTES * 3 // 4)).decode()
    prose = _LINE * (_BYTES // len(_LINE))
    return {
        "prose": (redact_text, prose),
        "json": (redact_text, json.dumps(items)[:_BYTES]),
        "image": (redact_text, f"data:image/png;base64,{image}"),
        "document": (redact, items),
        "document_with_a_secret": (redact, [*items, {"text": "password=hunter2"}]),
    }


def _seconds(clear: Callable[[Any], Any], payload: Any) -> float:
    before = time.process_time()
    clear(payload)
    return time.process_time() - before


def _size(payload: Any) -> int:
    return len(payload if isinstance(payload, str) else json.dumps(payload))
