import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import lock
from infra.local.errors import LocalCloudError

HOLD = """
import sys
from pathlib import Path
from infra.local import lock

with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_that_is_held_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"

        assert lock.holder(path) == process.pid
        with pytest.raises(LocalCloudError, match=rf"pid {process.pid}.*make down"):
            lock.held(path).__enter__()

        process.kill()
    assert lock.holder(path) is None


def test_a_lock_that_nobody_made_is_held_by_nobody(tmp_path: Path) -> None:
    assert lock.holder(tmp_path / "lock") is None


def test_it_can_be_held_again_after_its_end(tmp_path: Path) -> None:
    with lock.held(tmp_path / "lock"):
        pass
    with lock.held(tmp_path / "lock"):
        pass
    assert lock.holder(tmp_path / "lock") is None
