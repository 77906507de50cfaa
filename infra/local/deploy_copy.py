"""The copy of the checkout that is deployed.

It lies below the state folder, because Chalice keeps what it has deployed beside what it deploys:
two clouds of one checkout would take each other's functions for their own. It holds what ships and
nothing else, above all no `__pycache__`, which Chalice would ship too.
"""

import hashlib
import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infra.local import environment
from infra.local.place import CHECKOUT, STAGE, Place

_SHIPPED = ("app.py", "chalicelib", "vendor", "requirements.txt", ".chalice")
# Chalice's own memory of what it has deployed, and its built packages.
_KEPT = ("deployed", "deployments")
_TOOLS = ("chalice", "ministack")


def refresh(place: Place) -> None:
    """Make the copy equal to the checkout."""
    _clear(place.deploy)
    for name in _SHIPPED:
        source = CHECKOUT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", *_KEPT)
            shutil.copytree(source, place.deploy / name, ignore=ignore, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy2(source, place.deploy / name)
    _adapt(place, place.deploy / ".chalice" / "config.json")


def digest(place: Place) -> str:
    """Return what changes with anything that would be deployed differently."""
    summed = hashlib.sha256()
    for tool in _TOOLS:
        summed.update(f"{tool} {version(tool)}\n".encode())
    summed.update(f"python {platform.python_version()}\n".encode())
    for file in sorted(_shipped_files(place.deploy)):
        summed.update(f"{file.relative_to(place.deploy)}\0".encode())
        summed.update(hashlib.sha256(file.read_bytes()).digest())
    return summed.hexdigest()


def _clear(folder: Path) -> None:
    (folder / ".chalice").mkdir(parents=True, exist_ok=True)
    kept = {folder / ".chalice", *(folder / ".chalice" / name for name in _KEPT)}
    for path in [*folder.iterdir(), *(folder / ".chalice").iterdir()]:
        if path in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _adapt(place: Place, config_file: Path) -> None:
    config: dict[str, Any] = json.loads(config_file.read_text())
    if not place.is_ours:
        # LocalStack's free edition has no layers: packages go into each function.
        config["automatic_layer"] = False
    stage = config["stages"][STAGE]
    stage["environment_variables"] = {
        **stage.get("environment_variables", {}),
        **environment.deployed_settings(),
    }
    config_file.write_text(json.dumps(config, indent=2))


def _shipped_files(folder: Path) -> list[Path]:
    kept = tuple(folder / ".chalice" / name for name in _KEPT)
    return [
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(file.is_relative_to(each) for each in kept)
    ]
