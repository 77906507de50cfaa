from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.errors import Fault, InvalidSettings
from chalicelib.settings import Settings

type Load = Callable[..., Settings]
type Refused = Callable[..., tuple[Fault, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Settings of a file and an environment."""

    def loaded(toml: str | bytes = "", **environment: str) -> Settings:
        file = tmp_path / "palyra.toml"
        file.write_bytes(toml.encode() if isinstance(toml, str) else toml)
        return Settings.load(environment, file)

    return loaded


@pytest.fixture
def refused(load: Load) -> Refused:
    """What is wrong with a file and an environment."""

    def faults(toml: str | bytes = "", **environment: str) -> tuple[Fault, ...]:
        with pytest.raises(InvalidSettings) as caught:
            load(toml, **environment)
        for fault in caught.value.faults:
            assert fault.field in str(caught.value)
            assert fault.fix
        return caught.value.faults

    return faults


@pytest.fixture(scope="session")
def no_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "palyra.toml"
