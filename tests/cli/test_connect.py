import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cli.client import Api
from cli.connection import connect
from cli.problem import Exit, Problem
from tests.cli.server import serving
from tests.cli.terminal import Terminal


def refused(environment: dict[str, str]) -> Problem:
    with pytest.raises(Problem) as caught:
        connect(environment).get("/v1/tasks")
    return caught.value


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    """A state folder without a cloud."""
    return {"STATE": str(tmp_path)}


def up_file(state: dict[str, str]) -> Path:
    return Path(state["STATE"]) / "up.json"


def test_the_local_cloud_says_where_it_is(terminal: Terminal, state: dict[str, str]) -> None:
    told = {"api": terminal.url, "token": terminal.api.token("main")}
    up_file(state).write_text(json.dumps(told))

    assert connect(state).get("/v1/tasks") == {"items": [], "next": None}


def test_variables_go_before_the_local_cloud(terminal: Terminal, state: dict[str, str]) -> None:
    up_file(state).write_text(json.dumps({"api": "http://127.0.0.1:1", "token": "x"}))

    assert connect(state | terminal.environment).get("/v1/tasks")["items"] == []


def test_the_folder_of_the_cloud_is_palyra_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert refused({}).what == "no Palyra is up here: there is no .palyra/up.json"


def test_without_a_cloud_it_says_how_to_start_one(state: dict[str, str]) -> None:
    problem = refused(state)

    assert problem.code == Exit.UNAVAILABLE
    assert problem.fix == "start the local cloud with `make up`, or set PALYRA_URL and PALYRA_TOKEN"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"api": 1}', "\xff"])
def test_a_damaged_file_is_named(state: dict[str, str], text: str) -> None:
    up_file(state).write_text(text, encoding="latin-1")

    problem = refused(state)

    assert (problem.code, str(up_file(state)) in problem.what) == (Exit.UNAVAILABLE, True)


def test_a_cloud_that_has_ended_does_not_answer(state: dict[str, str]) -> None:
    with serving() as url:
        pass
    up_file(state).write_text(json.dumps({"api": url, "token": "x"}))

    problem = refused(state)

    assert problem.code == Exit.UNAVAILABLE
    assert problem.what.startswith(f"{url} does not answer: ")
    assert problem.fix == "start it with `make up`, or check PALYRA_URL"


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"PALYRA_URL": "https://palyra.example"}, Exit.DENIED),
        ({"PALYRA_URL": "https://palyra.example", "PALYRA_TOKEN": "a\nb"}, Exit.DENIED),
        ({"PALYRA_TOKEN": "x"}, Exit.USAGE),
        ({"PALYRA_URL": "palyra.example", "PALYRA_TOKEN": "x"}, Exit.USAGE),
        ({"PALYRA_URL": "ftp://palyra.example", "PALYRA_TOKEN": "x"}, Exit.USAGE),
        ({"PALYRA_URL": "https://", "PALYRA_TOKEN": "x"}, Exit.USAGE),
        ({"PALYRA_URL": "http://[", "PALYRA_TOKEN": "x"}, Exit.USAGE),
    ],
)
def test_variables_that_lead_nowhere_are_refused(environment: dict[str, str], code: Exit) -> None:
    problem = refused(environment)

    assert (problem.code, bool(problem.fix)) == (code, True)


def test_a_token_is_not_sent_in_clear_text_over_a_network() -> None:
    problem = refused({"PALYRA_URL": "http://palyra.example", "PALYRA_TOKEN": "x"})

    assert problem.fix == "use an https:// address"


def test_a_path_before_the_routes_is_kept() -> None:
    api = connect({"PALYRA_URL": "https://palyra.example/stage", "PALYRA_TOKEN": "x"})

    assert api.http.build_request("GET", "/v1/tasks").url == "https://palyra.example/stage/v1/tasks"


def test_a_token_that_is_not_known_is_not_signed_in(terminal: Terminal) -> None:
    problem = refused(terminal.environment | {"PALYRA_TOKEN": "palyra_main_x"})

    assert problem.code == Exit.DENIED


class _Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, *_: object) -> None:
        """Keep the terminal for the test."""


@pytest.fixture
def stranger() -> Iterator[Api]:
    """A server that is no Palyra: it answers with a page, and to orders not at all."""
    server = HTTPServer(("127.0.0.1", 0), _Stranger)
    thread = Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    yield connect({"PALYRA_URL": url, "PALYRA_TOKEN": "x"})
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_server_that_is_no_palyra_is_told(stranger: Api) -> None:
    with pytest.raises(Problem, match="answered with 200, not as Palyra does"):
        stranger.get("/v1/tasks")


def test_an_order_without_an_answer_may_have_been_done(stranger: Api) -> None:
    with pytest.raises(Problem) as caught:
        stranger.post("/v1/tasks", {})

    assert caught.value.fix == "it may have been done all the same: look before you try again"


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 1), (401, 4), (403, 4), (404, 3), (409, 5), (413, 1), (422, 1), (500, 1), (503, 69)],
)
def test_each_refusal_has_its_exit_code(status: int, code: int) -> None:
    assert Problem.answered(status, {"detail": "x"}).code == code
