"""What is uploaded: the layer with what we depend on, and the functions' own code."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.local import deploy_copy
from infra.local.place import STAGE, Place
from tests.bench.figure import Figure

GOAL_MB = 45.0
_WITHIN_SECONDS = 300
_BYTES_PER_MB = 1_000_000


def figures(*, quick: bool) -> Iterator[Figure]:  # noqa: ARG001 - it is built once either way
    """Yield the size of the largest zip that `chalice package` builds."""
    with tempfile.TemporaryDirectory(prefix="palyra-package-") as folder:
        sizes = {zipped.stem: _mb(zipped) for zipped in _package(Path(folder))}
    yield Figure(
        name="package.zip",
        value=max(sizes.values()),
        unit="MB zipped",
        goal=GOAL_MB,
        details={
            "layer": sizes["layer-deployment"],
            "app": sizes["deployment"],
        },
    )


def _package(folder: Path) -> list[Path]:
    place = Place(state=folder / "state", port=0, emulator_port=0)
    deploy_copy.refresh(place)
    built = folder / "built"
    chalice = str(Path(sys.executable).with_name("chalice"))
    done = subprocess.run(
        [chalice, "--project-dir", str(place.deploy), "package", "--stage", STAGE, str(built)],
        env=os.environ | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_WITHIN_SECONDS,
    )
    if done.returncode:
        raise RuntimeError(f"`chalice package` failed:\n{done.stdout}{done.stderr}")
    return list(built.glob("*.zip"))


def _mb(file: Path) -> float:
    return round(file.stat().st_size / _BYTES_PER_MB, 2)
