"""How fast a journal is verified, and what is found in one that was attacked."""

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from chalicelib.journal.seals.signing import FileSigner
from tests.bench import pace
from tests.bench.figure import Figure
from tests.journal.ledger import ATTACKS, a_ledger

_TRIALS, _LEDGERS = 60, 6
_EVENTS_A_SECOND = 20_000
_SEALS, _EVENTS = 10, 400


def figures(*, quick: bool) -> Iterator[Figure]:
    """Yield the attacks that were not found, and how long the verification of an event takes."""
    with tempfile.TemporaryDirectory() as folder:
        signer = FileSigner(Path(folder) / "seal.pem")
        yield _attacks(signer)
        yield _speed(signer, repeats=3 if quick else 9)


def _attacks(signer: FileSigner) -> Figure:
    found = 0
    for attack in ATTACKS:
        for seed in range(_TRIALS):
            ledger = a_ledger(signer, seed % _LEDGERS)
            attack(ledger, random.Random(seed))
            found += not ledger.verified().holds
    trials = len(ATTACKS) * _TRIALS
    return Figure(
        name="journal.attacks_missed",
        value=trials - found,
        unit="attacks",
        goal=0,
        details={"trials": trials, "found": found, "kinds": len(ATTACKS)},
    )


def _speed(signer: FileSigner, repeats: int) -> Figure:
    ledger = a_ledger(signer, 0, seals=_SEALS, events=_EVENTS)
    events = ledger.verified().events

    def seconds() -> float:
        begun = time.process_time()
        ledger.verified()
        return (time.process_time() - begun) / events

    best, slower = pace.fastest(seconds, repeats)
    return Figure(
        name="journal.verify",
        value=round(best * 1e6, 1),
        unit="microseconds of one core an event",
        goal=1e6 / _EVENTS_A_SECOND,
        details={
            "events": events,
            "seals": _SEALS,
            "events_a_second": round(1 / best),
            "machine_slower": round(slower, 2),
        },
    )
