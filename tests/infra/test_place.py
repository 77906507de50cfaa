from pathlib import Path

import pytest

from infra.local.errors import LocalCloudError
from infra.local.place import Emulator, Place


def test_defaults() -> None:
    place = Place.from_environment({})

    assert (place.state, place.port, place.emulator_port) == (Path.cwd() / ".palyra", 8400, 4566)
    assert (place.node_port, place.nodes_url) == (8443, "https://127.0.0.1:8443")
    assert place.emulator is Emulator.MINISTACK
    assert place.is_ours


def test_localstack_is_not_ours(tmp_path: Path) -> None:
    place = Place.from_environment({"STATE": str(tmp_path), "EMULATOR": "localstack"})

    assert place.emulator is Emulator.LOCALSTACK
    assert not place.is_ours
    assert str(tmp_path) not in place.log_of_emulator


@pytest.mark.parametrize("text", ["moto", "LocalStack", " ministack"])
def test_another_emulator_is_named_with_the_fix(text: str) -> None:
    fix = rf"EMULATOR={text} is not known\. .*EMULATOR=ministack or EMULATOR=localstack"
    with pytest.raises(LocalCloudError, match=fix):
        Place.from_environment({"EMULATOR": text})


def test_all_files_lie_below_the_state_folder(tmp_path: Path) -> None:
    place = Place.from_environment({"STATE": str(tmp_path)})
    paths = [getattr(place, name) for name in dir(Place) if not name.startswith("_")]

    files = [path for path in paths if isinstance(path, Path) and path != tmp_path]
    assert len(files) > 5
    assert all(path.is_relative_to(tmp_path) for path in files)


@pytest.mark.parametrize("text", ["0", "65536", "80 ", "-1", "http", "٣"])
def test_what_is_no_port_is_named_with_the_fix(text: str) -> None:
    with pytest.raises(LocalCloudError, match=r"PORT=.* is not a port.*PORT=8400"):
        Place.from_environment({"PORT": text})
