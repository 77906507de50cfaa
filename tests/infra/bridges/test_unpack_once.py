import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ministack.core import lambda_runtime

from infra.local.bridges.unpack_once import unpack_once


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lambda_runtime, "zipfile", zipfile)
    folder = tmp_path / "packages"
    unpack_once(folder)
    return folder


def unpack(tmp_path: Path, worker: str, **files: str) -> Path:
    """Unpack a package as MiniStack's worker does; return where it finds it."""
    folder = tmp_path / worker
    target = folder / "code"
    target.mkdir(parents=True)
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)
    opened: Any = lambda_runtime.zipfile.ZipFile(folder / "code.zip")
    with opened as archive:
        archive.extractall(target)
    return target


def test_equal_packages_are_unpacked_once(tmp_path: Path, packages: Path) -> None:
    first = unpack(tmp_path, "first", app="1")
    second = unpack(tmp_path, "second", app="1")
    other = unpack(tmp_path, "other", app="2")

    assert first.resolve() == second.resolve() != other.resolve()
    assert (second / "app.py").read_text() == "1"
    assert (other / "app.py").read_text() == "2"
    assert len(list(packages.iterdir())) == 2


def test_what_a_kill_left_half_unpacked_is_not_used(tmp_path: Path, packages: Path) -> None:
    half = packages / "unpacking"
    half.mkdir()
    (half / "old.py").write_text("of another package")

    target = unpack(tmp_path, "first", app="1")

    assert [path.name for path in target.iterdir()] == ["app.py"]


def test_names_are_checked_when_they_are_unpacked_and_not_again(tmp_path: Path) -> None:
    unpack(tmp_path, "first", app="1")
    package = tmp_path / "first" / "code.zip"

    with lambda_runtime.zipfile.ZipFile(package) as known:
        assert known.namelist() == []
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr("new.py", "")
    with lambda_runtime.zipfile.ZipFile(package) as unknown:
        assert unknown.namelist() == ["app.py", "new.py"]


def test_what_a_week_has_not_used_is_dropped(tmp_path: Path, packages: Path) -> None:
    old = unpack(tmp_path, "old", app="1").resolve()
    used = unpack(tmp_path, "used", app="2").resolve()
    eight_days_ago = time.time() - 8 * 24 * 60 * 60
    for package in (old, used):
        os.utime(package, (eight_days_ago, eight_days_ago))
    unpack(tmp_path, "again", app="2")

    unpack_once(packages)

    assert list(packages.iterdir()) == [used]
