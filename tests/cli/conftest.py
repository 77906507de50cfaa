from collections.abc import Iterator

import pytest

from tests.cli.server import serving
from tests.cli.terminal import Terminal
from tests.functions.conftest import api, container
from tests.functions.http.api import Api

__all__ = ["api", "container"]


@pytest.fixture
def terminal(api: Api) -> Iterator[Terminal]:
    with serving() as url:
        yield Terminal(api, url)
