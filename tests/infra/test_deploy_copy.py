import json
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import deploy_copy
from infra.local.environment import NODES_ORIGIN
from infra.local.place import Emulator, Place


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout."""
    folder = tmp_path / "checkout"
    write(folder / "app.py", "app")
    write(folder / "chalicelib" / "room.py", "room")
    write(folder / "chalicelib" / "__pycache__" / "room.pyc", "compiled")
    write(folder / "requirements.txt", "boto3")
    write(folder / "tests" / "test_room.py", "test")
    stages = {"local": {"environment_variables": {"PALYRA_STAGE": "local", "OTHER": "1"}}}
    config = {"automatic_layer": True, "stages": stages}
    write(folder / ".chalice" / "config.json", json.dumps(config))
    write(folder / ".chalice" / "policy-api.json", "{}")
    write(folder / ".chalice" / "deployed" / "prod.json", "another cloud's")
    monkeypatch.setattr(deploy_copy, "CHECKOUT", folder)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def files(place: Place) -> set[str]:
    found = place.deploy.rglob("*")
    return {str(path.relative_to(place.deploy)) for path in found if path.is_file()}


@pytest.mark.usefixtures("checkout")
def test_the_copy_holds_what_ships(place: Place) -> None:
    deploy_copy.refresh(place)

    assert files(place) == {
        "app.py",
        "chalicelib/room.py",
        "requirements.txt",
        ".chalice/config.json",
        ".chalice/policy-api.json",
    }


def test_what_is_gone_from_the_checkout_is_gone_from_the_copy(place: Place, checkout: Path) -> None:
    deploy_copy.refresh(place)
    write(place.deploy / ".chalice" / "deployed" / "local.json", "{}")
    write(place.deploy / ".chalice" / "deployments" / "layer.zip", "built")
    (checkout / "chalicelib" / "room.py").unlink()
    (checkout / ".chalice" / "policy-api.json").unlink()

    deploy_copy.refresh(place)

    assert files(place) == {
        "app.py",
        "requirements.txt",
        ".chalice/config.json",
        ".chalice/deployed/local.json",
        ".chalice/deployments/layer.zip",
    }


def test_a_link_is_copied_as_the_file_that_it_leads_to(place: Place, checkout: Path) -> None:
    write(checkout / "palyra.toml", "[tasks]")
    (checkout / "chalicelib" / "palyra.toml").symlink_to("../palyra.toml")

    deploy_copy.refresh(place)

    copied = place.deploy / "chalicelib" / "palyra.toml"
    assert (copied.is_symlink(), copied.read_text()) == (False, "[tasks]")


@pytest.mark.usefixtures("checkout")
def test_settings_of_the_caller_are_deployed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "3")
    deploy_copy.refresh(place)

    config = json.loads((place.deploy / ".chalice" / "config.json").read_text())
    assert config["stages"]["local"]["environment_variables"] == {
        "PALYRA_STAGE": "local",
        "PALYRA_NODES_ORIGIN": NODES_ORIGIN,
        "PALYRA_TASKS_LEASE_SECONDS": "3",
        "OTHER": "1",
    }


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("emulator", "has_layer"), [(Emulator.MINISTACK, True), (Emulator.LOCALSTACK, False)]
)
def test_packages_are_a_layer_where_there_are_layers(
    place: Place, emulator: Emulator, *, has_layer: bool
) -> None:
    deploy_copy.refresh(replace(place, emulator=emulator))

    config = json.loads((place.deploy / ".chalice" / "config.json").read_text())
    assert config["automatic_layer"] is has_layer


def test_the_digest_changes_with_what_would_be_deployed(
    place: Place, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest() -> str:
        deploy_copy.refresh(place)
        return deploy_copy.digest(place)

    first = digest()
    assert digest() == first

    write(place.deploy / ".chalice" / "deployed" / "local.json", "{}")
    write(checkout / "tests" / "test_room.py", "another test")
    assert digest() == first

    write(checkout / "chalicelib" / "room.py", "another room")
    second = digest()
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "4")
    third = digest()
    assert len({first, second, third}) == 3
