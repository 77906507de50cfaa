import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.bridges.fork import in_a_fork


def fail() -> None:
    raise RuntimeError("of the child")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("work", "is_done"),
    [
        (lambda: None, True),
        (fail, False),
        (lambda: time.sleep(60), False),
        (lambda: os._exit(3), False),
    ],
    ids=["done", "raised", "too slow", "crashed"],
)
def test_it_tells_whether_the_work_was_done(work: Callable[[], None], *, is_done: bool) -> None:
    assert asyncio.run(in_a_fork(work, seconds=1)) == is_done


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_the_child_sees_one_instant(tmp_path: Path) -> None:
    state = ["before"]
    seen = tmp_path / "seen"

    def look() -> None:
        time.sleep(0.2)
        seen.write_text(state[0])

    async def change_meanwhile() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(in_a_fork(look, seconds=5))
            await asyncio.sleep(0.05)
            state[0] = "after"

    asyncio.run(change_meanwhile())

    assert seen.read_text() == "before"
