from pathlib import Path

import pytest

from infra.local.bridges import generations
from infra.local.bridges.generations import Generations


def fill(folder: Path, text: str) -> None:
    (folder / "service.json").write_text(text)


def read(root: Path) -> str:
    current = Generations(root).current()
    assert current
    return (current / "service.json").read_text()


def test_there_is_none_at_first(tmp_path: Path) -> None:
    assert Generations(tmp_path / "new").current() is None


def test_the_last_one_published_is_current_and_alone(tmp_path: Path) -> None:
    snapshots = Generations(tmp_path)
    for text in ("first", "second", "third"):
        folder = snapshots.begin()
        fill(folder, text)
        snapshots.publish(folder)

    assert read(tmp_path) == "third"
    assert [path.name for path in sorted(tmp_path.glob("[0-9]*"))] == ["00000003"]


def test_one_that_was_not_finished_leaves_the_one_before(tmp_path: Path) -> None:
    snapshots = Generations(tmp_path)
    folder = snapshots.begin()
    fill(folder, "whole")
    snapshots.publish(folder)

    fill(snapshots.begin(), "ha")
    assert read(tmp_path) == "whole"

    folder = snapshots.begin()
    assert list(folder.iterdir()) == []
    fill(folder, "whole again")
    snapshots.publish(folder)
    assert read(tmp_path) == "whole again"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("calls", range(1, 5))
def test_a_kill_at_any_write_leaves_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    snapshots = Generations(tmp_path)
    folder = snapshots.begin()
    fill(folder, "before")
    snapshots.publish(folder)
    left = calls

    def to_disk(_path: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    monkeypatch.setattr(generations, "_to_disk", to_disk)
    folder = snapshots.begin()
    fill(folder, "after")
    try:
        snapshots.publish(folder)
    except Killed:
        assert calls <= 3

    assert read(tmp_path) in {"before", "after"}
