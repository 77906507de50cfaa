"""Verification holds with and without the keys, and says what was erased."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.journal.personal import DataKey, KeyState, Place, seal
from chalicelib.journal.seals.signing import FileSigner
from tests.journal.events import an_event
from tests.journal.ledger import Ledger, a_ledger


class Sealer:
    """Seals under one key."""

    def seal(self, place: Place, personal: Any) -> dict[str, str]:
        return seal(DataKey("k", bytes(32)), place, personal, bytes)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return a_ledger(FileSigner(tmp_path / "seal.pem"), 1, seals=2)


def happened(ledger: Ledger, subject: str = "J", kind: str = "job.created", **fields: Any) -> None:
    event = an_event(f"{kind}-{subject}", kind=kind, subject=subject, **fields)
    event = replace(event, at=ledger.now + timedelta(hours=1))
    ledger.put(event, Sealer())
    ledger.seal()


def test_what_is_sealed_is_counted_and_holds(ledger: Ledger) -> None:
    happened(ledger, personal={"name": "health"})
    ledger.keys["J"] = KeyState.KEPT
    found = ledger.verified()
    assert (found.holds, found.personal, found.erased) == (True, 1, 0)


def test_what_was_erased_is_counted_and_holds(ledger: Ledger) -> None:
    happened(ledger, personal={"name": "health"})
    ledger.keys["J"] = KeyState.ERASED
    found = ledger.verified(effort=40)
    assert (found.holds, found.personal, found.erased) == (True, 1, 1)


def test_what_came_of_a_job_is_erased_with_it(ledger: Ledger) -> None:
    happened(ledger, "J-001", "task.cancelled", personal={"reason": "Ada asked"})
    ledger.keys["J"] = KeyState.ERASED
    assert ledger.verified().erased == 1


def test_a_key_that_is_gone_without_a_word_is_trouble(ledger: Ledger) -> None:
    happened(ledger, personal={"name": "health"})
    (trouble,) = ledger.verified().troubles
    assert "nothing says that it was erased" in trouble.what


def test_a_key_that_is_back_is_trouble(ledger: Ledger) -> None:
    happened(ledger, kind="subject.erased", details={"key": "k"})
    ledger.keys["J"] = KeyState.KEPT
    (trouble,) = ledger.verified().troubles
    assert "was erased can be read again" in trouble.what


@pytest.mark.parametrize(
    ("state", "count", "troubles"), [(KeyState.ERASED, 1, 0), (KeyState.KEPT, 0, 1)]
)
def test_the_run_of_an_erased_job_may_be_gone(
    ledger: Ledger, state: KeyState, count: int, troubles: int
) -> None:
    details = {"run_id": "J-1", "head": "h", "steps": 2}
    happened(ledger, kind="run.finished", details=details)
    ledger.runs["J-1"] = "step 2 of run J-1 is not as it was"
    ledger.keys["J"] = state
    found = ledger.verified()
    assert (found.erased_runs, found.number) == (count, troubles)
