"""Faults: what can go wrong with one AWS call, and which calls of a schedule it happens to.

A schedule is data: at the call of a number, a fault or a switch to another process. Nothing else
is left to chance, so that the same schedule is the same run, byte for byte, and a failing one can
be made smaller by leaving entries out.
"""

import random
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self

from botocore.exceptions import ClientError, ReadTimeoutError


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


class Fault(StrEnum):
    """What happens to a call."""

    FAIL = "fail_before"
    THROTTLE = "throttled"
    CONFLICT = "transaction_conflict"
    LOST_REPLY = "lost_reply"
    RETRY = "sdk_retry"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"
    STALE = "stale_read"
    DUPLICATE = "duplicate_message"
    LOST = "lost_message"


_DEATHS = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
_WRITE = (
    Fault.FAIL,
    Fault.THROTTLE,
    Fault.CONFLICT,
    Fault.LOST_REPLY,
    Fault.RETRY,
    *_DEATHS,
)
_SEND = (Fault.FAIL, Fault.LOST_REPLY, Fault.RETRY, Fault.DUPLICATE, Fault.LOST, *_DEATHS)
_READ = (Fault.FAIL, Fault.THROTTLE, *_DEATHS)
_REPEATED = frozenset(
    {
        "PutObject",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "Sign",
        "Invoke",
    }
)
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


def applicable(operation: str, arguments: Mapping[str, Any]) -> tuple[Fault, ...]:
    """Return what can happen to a call."""
    if operation in _WRITES:
        return _WRITE
    if operation == "SendMessage":
        return _SEND
    if operation in _REPEATED:
        return (*_READ, Fault.LOST_REPLY, Fault.RETRY)
    if operation in {"Query", "GetItem"} and not arguments.get("ConsistentRead"):
        return (Fault.STALE, Fault.STALE, *_READ)
    return _READ


def failure(fault: Fault, operation: str) -> Exception:
    """Return what botocore raises after its own retries."""
    if fault is Fault.LOST_REPLY:
        lost: Exception = ReadTimeoutError(endpoint_url="https://aws")
        return lost
    if fault is Fault.CONFLICT and operation == "TransactWriteItems":
        reasons = {"CancellationReasons": [{"Code": "TransactionConflict"}]}
        return _error("TransactionCanceledException", operation, reasons)
    codes = {
        Fault.FAIL: "InternalServerError",
        Fault.THROTTLE: "ProvisionedThroughputExceededException",
        Fault.CONFLICT: "TransactionConflictException",
    }
    return _error(codes[fault], operation, {})


def _error(code: str, operation: str, more: dict[str, Any]) -> Exception:
    reply = {"Error": {"Code": code, "Message": "simulated"}, **more}
    error: Exception = ClientError(reply, operation)
    return error


class Schedule(NamedTuple):
    """One run of a flow: what goes wrong, and who goes on when.

    Attributes:
        flow: the name of the flow.
        seed: what the world is made of: skews, the order of messages, missing and doubled ticks;
            0 is a calm one.
        faults: the call's number, and a number that chooses among what can happen to it.
        switches: the call's number before which the process is put aside, and a number that says
            for how long: 0 until another one has ended or is put aside, else some minutes.
        order: whose turn each call is, as digits in the order in which processes were started;
            behind the last one nobody is put aside any more.
    """

    flow: str
    seed: int
    faults: tuple[tuple[int, int], ...] = ()
    switches: tuple[tuple[int, int], ...] = ()
    order: str = ""

    def __str__(self) -> str:
        """Return the line that replays it."""
        faults = ",".join(f"{at}={which}" for at, which in self.faults)
        switches = ",".join(f"{at}={which}" for at, which in self.switches)
        return f"{self.flow}:{self.seed}:{faults}:{switches}:{self.order}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the schedule of a replay line."""
        flow, seed, faults, switches, order = (line + "::::").split(":")[:5]
        return cls(flow, int(seed or 0), _pairs(faults), _pairs(switches), order)

    @classmethod
    def random(cls, flow: str, calls: int, chooser: random.Random) -> Self:
        """Return a schedule with up to four faults and three switches among so many calls."""
        highest = calls + calls // 3 + 1
        return cls(
            flow,
            chooser.randrange(1, 2**32),
            _draw(chooser, highest, chooser.choice((0, 1, 1, 2, 2, 3, 4)), 60),
            _draw(chooser, highest, chooser.choice((0, 0, 1, 1, 2, 3)), 8),
        )


def _draw(chooser: random.Random, highest: int, number: int, kinds: int) -> tuple[Any, ...]:
    at = sorted(chooser.sample(range(1, highest + 1), min(number, highest)))
    return tuple((each, chooser.randrange(kinds)) for each in at)


def _pairs(text: str) -> tuple[tuple[int, int], ...]:
    pairs = (pair.split("=") for pair in text.split(",") if pair)
    return tuple((int(at), int(which)) for at, which in pairs)
