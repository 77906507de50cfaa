import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import environment, leftovers
from infra.local.place import Place

STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(); input()"
OBEDIENT = "print(); input()"

pytestmark = pytest.mark.skipif(not leftovers.PROC.exists(), reason="needs /proc")


def process(code: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(
        [sys.executable, "-uc", code],
        env=os.environ | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert started.stdout
    started.stdout.readline()
    return started


@pytest.mark.parametrize("code", [OBEDIENT, STUBBORN])
def test_only_processes_of_this_cloud_are_ended(place: Place, code: str) -> None:
    other = replace(place, state=place.state.with_name("state2"))
    with (
        process(code, {environment.MARKER: str(place.state)}) as ours,
        process(code, {environment.MARKER: str(other.state)}) as anothers,
        process(code, {}) as foreign,
    ):
        try:
            assert list(leftovers.processes(place)) == [ours.pid]

            assert leftovers.end_processes(place, grace=0.2) == 1

            assert ours.wait(5) < 0
            assert anothers.poll() is None
            assert foreign.poll() is None
        finally:
            for each in (ours, anothers, foreign):
                each.kill()


def test_what_workers_unpacked_is_removed(place: Place, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    worker = place.temporary / "ministack-lambda-x"
    worker.mkdir()
    (worker / "code").symlink_to(shared)

    leftovers.empty_temporary(place)

    assert not place.temporary.exists()
    assert shared.exists()
