"""What every test starts from: no real AWS, no clock but its own, no settings but the defaults."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Read by modules at import, so before any of them.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PALYRA_STAGE": "local",
}

from tests.support.world import World, a_world


@pytest.fixture(scope="session", autouse=True)
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let what the checkout's `palyra.toml` sets be nothing to the tests: there is no such file."""
    with pytest.MonkeyPatch.context() as patch:
        none = tmp_path_factory.mktemp("checkout") / "palyra.toml"
        patch.setattr("chalicelib.functions.wiring.container.BAKED", none)
        yield none


@pytest.fixture
def world() -> Iterator[World]:
    """Palyra on an in-process AWS, with a clock that stands still until it is moved."""
    with a_world() as made:
        yield made
