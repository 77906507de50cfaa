"""Doing what was asked: the tool's program, and what its end is told as.

Where a program did not come to an end of its own, and doing it twice would do harm, nothing is
answered: the gateway then says by itself that nobody knows. `failed` would say that nothing was
done.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from cli.node import program
from cli.node.manifest import Tool
from cli.node.program import LARGEST_BYTES, Call, End, Ended
from cli.node.work import Work

_ERROR_CHARACTERS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a tool is asked to do.

    Attributes:
        key: the same for the same request, however often it is handed over.
        seconds: how long it may take.
    """

    request_id: str
    key: str
    arguments: Mapping[str, Any]
    seconds: float


def perform(tool: Tool, task: Task, stop: threading.Event) -> Ended:
    """Run a tool's program."""
    more = {
        "PALYRA_NODE_CAPABILITY": tool.name,
        "PALYRA_NODE_REQUEST": task.request_id,
        "PALYRA_NODE_IDEMPOTENCY_KEY": task.key,
    }
    seconds = min(task.seconds, float(tool.timeout_seconds))
    said = json.dumps(dict(task.arguments))
    return program.run(Call(path=tool.path, said=said, seconds=seconds, more=more), stop)


def answer(tool: Tool, ended: Ended) -> Mapping[str, Any] | None:
    """Return what the gateway is told, or None where nobody knows whether it was done."""
    if ended.end is End.NOT_STARTED:
        return failed(f"{tool.path.name} cannot be started: {_text(ended.err)}")
    if ended.end is not End.EXITED or ended.code < 0:
        told = ended.end if ended.end is not End.EXITED else f"ended by signal {-ended.code}"
        return failed(f"{tool.path.name}: {told}") if _is_harmless(tool) else None
    if ended.code > 0:
        said = _text(ended.err)
        return failed(f"exit {ended.code}{f': {said}' if said else ''}")
    try:
        return {"state": "succeeded", "output": _output(ended.out)}
    except (ValueError, RecursionError) as error:
        # It has ended well: saying that it failed would let it be done twice.
        return failed(f"its answer cannot be sent: {error}") if _is_harmless(tool) else None


def failed(error: str) -> Mapping[str, Any]:
    """Return the answer that something was not done."""
    return {"state": "failed", "error": error[:_ERROR_CHARACTERS]}


def without_output(work: Work, why: str) -> Mapping[str, Any] | None:
    """Return what is answered in the place of an answer that the gateway does not take."""
    return failed(f"its answer was not taken: {why}") if work.is_idempotent else None


def _is_harmless(tool: Tool) -> bool:
    return tool.is_idempotent or tool.effect == "read"


def _output(said: bytes) -> dict[str, Any]:
    text = said.decode()
    output = json.loads(text, parse_constant=_no_number) if text.strip() else {}
    if not isinstance(output, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004  it is its value that is wrong
    # As the gateway measures it.
    if len(json.dumps(output).encode()) > LARGEST_BYTES:
        raise ValueError(f"it has more than {LARGEST_BYTES} bytes")
    return output


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"it contains {name}")


def _text(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())[-_ERROR_CHARACTERS:]
