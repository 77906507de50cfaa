"""The emulator's own process: MiniStack with our bridges, on loopback, until its lifeline closes.

The end is in order: functions that run may finish, the server stops, their processes are ended, and
the state is saved last.
"""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import cast

import ministack.app
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import Framework
from ministack.core import lambda_runtime

from infra.local.bridges import snapshots
from infra.local.bridges.asgi import App, Receive, Scope, Send, answer
from infra.local.bridges.drop_empty_compression import drop_empty_compression
from infra.local.bridges.fork import in_a_fork
from infra.local.bridges.generations import Generations
from infra.local.bridges.import_rest_api import import_rest_api
from infra.local.bridges.instant_functions import instant_functions
from infra.local.bridges.put_rest_api import put_rest_api
from infra.local.bridges.quick_key_conditions import quick_key_conditions
from infra.local.bridges.unpack_once import unpack_once
from infra.local.place import LOOPBACK

_SNAPSHOT_EVERY_SECONDS = 3.0
_SNAPSHOT_WITHIN_SECONDS = 30.0
_FUNCTIONS_END_WITHIN_SECONDS = 3.0
_ANSWERS_END_WITHIN_SECONDS = 1.0
_KEEP_ALIVE_SECONDS = 75
_POLL_SECONDS = 0.05

_log = logging.getLogger("local-cloud")


class Emulator:
    """MiniStack, its snapshots, and its end."""

    def __init__(self, state: Path) -> None:
        self._generations = Generations(state)
        self._writing = asyncio.Lock()
        self._ending = asyncio.Event()

    async def run(self, port: int) -> None:
        """Serve until told to end, then save."""
        snapshots.load_from(self._generations)
        ministack.app.save_all = _save_nothing
        self._listen_for_the_end()
        app = self._snapshot_on_demand(bridged(ministack.app.app))
        framework = cast("Framework", app)  # The same, in hypercorn's words.
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._snapshot_until_the_end())
            await serve(framework, _config(port), shutdown_trigger=self._ended)
        await asyncio.to_thread(lambda_runtime.reset)
        await self.snapshot()

    async def snapshot(self) -> bool:
        """Take a snapshot; return whether it was written."""
        # Whoever asked may go away: the child writes on, and the next one must wait for it.
        return await asyncio.shield(asyncio.create_task(self._take_snapshot()))

    async def _take_snapshot(self) -> bool:
        async with self._writing:
            services = ministack.app._build_persistence_save_dict()  # noqa: SLF001  no public one
            write = partial(snapshots.write, services, self._generations)
            written = await in_a_fork(write, seconds=_SNAPSHOT_WITHIN_SECONDS)
        if not written:
            _log.error("No snapshot was written; the one before it stands")
        return written

    async def _snapshot_until_the_end(self) -> None:
        pause = _SNAPSHOT_EVERY_SECONDS
        while not self._ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)
            begun = time.monotonic()
            await self.snapshot()
            # Where there is much to save, at most half of a processor is spent on it.
            pause = max(_SNAPSHOT_EVERY_SECONDS, time.monotonic() - begun)

    def _snapshot_on_demand(self, app: App) -> App:
        async def with_snapshots(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] != "/_local/snapshot":
                return await app(scope, receive, send)
            written = await self.snapshot()
            return await answer(send, 200 if written else 500, json.dumps(written).encode())

        return with_snapshots

    def _listen_for_the_end(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)

        def hold_the_lifeline() -> None:
            os.read(sys.stdin.fileno(), 1)  # Nothing is ever written: it returns when it closes.
            loop.call_soon_threadsafe(self._ending.set)

        threading.Thread(target=hold_the_lifeline, daemon=True).start()

    async def _ended(self) -> None:
        await self._ending.wait()
        deadline = time.monotonic() + _FUNCTIONS_END_WITHIN_SECONDS
        while lambda_runtime.workers_in_use() and time.monotonic() < deadline:  # noqa: ASYNC110  no event tells it
            await asyncio.sleep(_POLL_SECONDS)  # MiniStack tells nobody when one ends.


def bridged(app: App) -> App:
    """Return the app with all that it lacks."""
    for bridge in (drop_empty_compression, put_rest_api, import_rest_api):
        app = bridge(app)
    return app


def _config(port: int) -> Config:
    config = Config()
    config.bind = [f"{LOOPBACK}:{port}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _ANSWERS_END_WITHIN_SECONDS
    return config


def _save_nothing(_services: object) -> None:
    """In place of MiniStack's own saving at the end: ours comes after it."""


def main() -> None:
    """Run the emulator that the environment describes."""
    logging.getLogger("persistence").setLevel(logging.WARNING)  # It tells of every file.
    instant_functions()
    quick_key_conditions()
    unpack_once(Path(os.environ["PACKAGES_DIR"]))
    emulator = Emulator(Path(os.environ["STATE_DIR"]))
    asyncio.run(emulator.run(int(os.environ["GATEWAY_PORT"])))


if __name__ == "__main__":
    main()
