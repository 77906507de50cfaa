"""The emulated services on disk, every few seconds; MiniStack itself saves at a clean end alone.

A snapshot is of one instant: the process forks, and the child, in which nothing moves, writes what
it finds. So no transaction is saved by half, and nobody waits for the disk. A service that has not
changed since the last snapshot is linked from it rather than written again.

MiniStack hands out deep copies of its state, and writes JSON piece by piece: 50,000 items take six
seconds so. The child needs no copy, since nobody else will see or change what it reads, and has the
memory for a whole text: one second.
"""

import copy
import hashlib
import json
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

from ministack.core import persistence

from infra.local.bridges.generations import Generations

type Services = Mapping[str, Callable[[], object]]

_DIGESTS = "digests"  # Without .json: it is no service.


def load_from(generations: Generations) -> None:
    """Have MiniStack load the newest snapshot when it starts."""
    current = generations.current()
    if current:
        persistence.STATE_DIR = str(current)


def write(services: Services, generations: Generations) -> None:
    """Write a snapshot, unless nothing has changed. To be called in a forked child."""
    with _uncopied():
        states = {name: state for name, get in services.items() if (state := get()) is not None}
    digests = {name: _digest(state) for name, state in states.items()}
    before = _Before(generations.current())
    if digests == before.digests:
        return
    folder = generations.begin()
    persistence.STATE_DIR = str(folder)
    with _in_one_piece():
        for name, state in states.items():
            if not before.link(name, digests[name], folder):
                persistence.save_state(name, state)
    (folder / _DIGESTS).write_text(json.dumps(digests))
    _check_whole(folder, digests)
    generations.publish(folder)


class _Before:
    """The snapshot before this one."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.digests: dict[str, str] = {}
        if folder:
            self.digests = json.loads((folder / _DIGESTS).read_text())

    def link(self, name: str, digest: str, folder: Path) -> bool:
        """Take a service over if it is unchanged."""
        if self._folder is None or self.digests.get(name) != digest:
            return False
        os.link(self._folder / f"{name}.json", folder / f"{name}.json")
        return True


@contextmanager
def _uncopied() -> Iterator[None]:
    def itself(of: Any, _memo: Any = None) -> Any:
        return of

    with _in_place_of(copy, "deepcopy", itself):
        yield


@contextmanager
def _in_one_piece() -> Iterator[None]:
    def dump(of: object, file: TextIO, **how: Any) -> None:
        file.write(json.dumps(of, **how))

    with _in_place_of(persistence, "json", SimpleNamespace(**{**vars(json), "dump": dump})):
        yield


@contextmanager
def _in_place_of(module: Any, name: str, other: Any) -> Iterator[None]:
    was = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, was)


def _digest(state: object) -> str:
    # Pickle, because it takes function packages as they are: their JSON is ten times the work.
    return hashlib.sha256(pickle.dumps(state)).hexdigest()


def _check_whole(folder: Path, names: Mapping[str, str]) -> None:
    # MiniStack logs a service that it cannot save, and goes on.
    missing = [name for name in names if not (folder / f"{name}.json").exists()]
    if missing:
        raise RuntimeError(f"Not saved: {', '.join(missing)}")
