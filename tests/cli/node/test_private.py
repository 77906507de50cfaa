"""What is kept: by its owner alone, whole or not at all, and by one process at a time."""

import stat
from pathlib import Path

import pytest

from cli.node.home import Home
from cli.node.private import private_folder, read_private, write_private
from cli.node.work import Stage, Work, WorkStore
from cli.problem import Exit, Problem


def test_a_file_is_its_owners_alone_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_private(path) == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "key"
    other.write_text("other")
    path.symlink_to(other)
    write_private(path, "new")
    assert other.read_text() == "other"
    assert not path.is_symlink()


def test_a_write_that_fails_leaves_what_there_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    write_private(path, "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Problem, match="No space left"):
        write_private(path, "new")
    assert read_private(path) == "old"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    write_private(path, "key")
    path.chmod(mode)
    with pytest.raises(Problem, match="others may read"):
        read_private(path)


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_private(path, "")
    path.write_bytes(b"\xff")
    with pytest.raises(Problem, match="cannot be read"):
        read_private(path)


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    assert stat.S_IMODE(private_folder(folder).stat().st_mode) == 0o700
    folder.chmod(0o770)
    with pytest.raises(Problem, match="others may write"):
        private_folder(folder)


def test_one_process_at_a_time_uses_a_folder(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    with home.locked(), pytest.raises(Problem) as refused, home.locked():
        pass
    assert refused.value.code == Exit.CONFLICT
    with home.locked():
        assert home.known() is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device_id": 1}', '{"more": "1"}', "\x00"])
def test_a_membership_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    write_private(tmp_path / "node.json", text)
    with pytest.raises(Problem, match="not what a node keeps"):
        home.membership()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stage": "later"}', '{"stage": "done"}'])
def test_what_is_no_work_is_left_alone(tmp_path: Path, text: str) -> None:
    store = WorkStore(Home(tmp_path))
    kept = Work.new("01A", "echo").to(Stage.DONE, answer={"state": "failed", "error": "no"})
    store.save(kept)
    write_private(store.home.work / "00.json", text)
    assert store.all() == [kept]


def test_the_folder_is_the_one_that_was_named(tmp_path: Path) -> None:
    named = {"PALYRA_NODE_HOME": str(tmp_path / "b"), "XDG_STATE_HOME": str(tmp_path / "c")}
    assert Home.named(tmp_path / "a", named).path == tmp_path / "a"
    assert Home.named(None, named).path == tmp_path / "b"
    named.pop("PALYRA_NODE_HOME")
    assert Home.named(None, named).path == tmp_path / "c" / "palyra-node"
