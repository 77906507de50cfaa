import http.server
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.local import found_emulator
from infra.local.errors import LocalCloudError
from infra.local.place import LOOPBACK, Emulator, Place
from tests.infra.conftest import Emulator as Running


class Website(http.server.BaseHTTPRequestHandler):
    """A server that has nothing for anybody."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def theirs(place: Place) -> Place:
    """A place whose emulator is not ours; nothing runs there."""
    return replace(place, emulator=Emulator.LOCALSTACK)


@pytest.fixture
def website() -> Iterator[int]:
    """The port of a server that is no AWS."""
    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Website)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_emulator_that_runs_is_found(theirs: Place, plain: Running) -> None:
    found_emulator.check(replace(theirs, emulator_port=plain.port))


def test_nothing_at_the_endpoint_is_told_with_the_fix(theirs: Place) -> None:
    wanted = rf"Nothing answers at {theirs.emulator_url}\. Start localstack .*leave EMULATOR out"
    with pytest.raises(LocalCloudError, match=wanted):
        found_emulator.check(theirs)


def test_something_else_at_the_endpoint_is_told_with_the_fix(theirs: Place, website: int) -> None:
    with pytest.raises(LocalCloudError, match=r"is no AWS .*EMULATOR_PORT=4566"):
        found_emulator.check(replace(theirs, emulator_port=website))


def test_what_accepts_and_never_answers_is_told(
    theirs: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found_emulator, "_ANSWER_SECONDS", 0.05)
    with socket.create_server((LOOPBACK, 0)) as server:
        silent = replace(theirs, emulator_port=server.getsockname()[1])
        with pytest.raises(LocalCloudError, match="Nothing answers"):
            found_emulator.check(silent)


def test_an_emulator_that_goes_away_ends_the_watch(
    theirs: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [True, False, True, False, False, False]
    monkeypatch.setattr(found_emulator, "_POLL_SECONDS", 0)
    monkeypatch.setattr(found_emulator, "_answers", lambda _: answers.pop(0))

    with pytest.raises(LocalCloudError, match="any more"):
        found_emulator.watch(theirs)

    assert answers == []
