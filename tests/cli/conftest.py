from collections.abc import Iterator

import pytest

from tests.cli.server import serving
from tests.cli.stub import stubbed
from tests.cli.terminal import StubTerminal, Terminal
from tests.functions.conftest import api, container
from tests.functions.http.api import Api

__all__ = ["api", "container"]


@pytest.fixture
def terminal(api: Api) -> Iterator[Terminal]:
    with serving() as url:
        yield Terminal(url=url, token=api.token("main"), api=api)


@pytest.fixture
def stub() -> Iterator[StubTerminal]:
    with stubbed() as api:
        yield StubTerminal(url=api.url, api=api)
