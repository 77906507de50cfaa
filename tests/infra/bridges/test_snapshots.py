import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ministack.core import persistence

from infra.local.bridges import snapshots
from infra.local.bridges.generations import Generations


@pytest.fixture(autouse=True)
def persisting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(persistence, "PERSIST_STATE", True)
    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path))


def services(**states: Any) -> snapshots.Services:
    return {name: partial(dict.get, states, name) for name in states}


def current(generations: Generations) -> Path:
    folder = generations.current()
    assert folder
    return folder


def test_what_was_written_is_loaded(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    snapshots.write(services(sqs={"queue": b"\x00"}, s3=None), generations)

    snapshots.load_from(generations)

    assert persistence.load_state("sqs") == {"queue": b"\x00"}
    assert persistence.load_state("s3") is None


def test_nothing_new_makes_no_new_snapshot(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    snapshots.write(services(sqs=[1]), generations)
    before = current(generations)

    snapshots.write(services(sqs=[1]), generations)

    assert current(generations) == before


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    snapshots.write(services(sqs=[1], functions=[1]), generations)
    before = (current(generations) / "functions.json").stat()

    snapshots.write(services(sqs=[2], functions=[1]), generations)

    assert (current(generations) / "functions.json").stat().st_ino == before.st_ino
    assert json.loads((current(generations) / "sqs.json").read_text())["payload"] == [2]


def test_a_service_that_cannot_be_saved_leaves_the_snapshot_before(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    snapshots.write(services(sqs=[1]), generations)
    before = current(generations)

    with pytest.raises(RuntimeError, match="Not saved: sqs"):
        snapshots.write(services(sqs={1, 2}), generations)

    assert current(generations) == before
