"""What the command says over HTTP."""

import pytest

from cli.client import Api
from cli.connection import connect
from cli.problem import Exit, Problem
from tests.cli.stub import LOST, Told
from tests.cli.terminal import StubTerminal


@pytest.fixture
def client(stub: StubTerminal) -> Api:
    return connect(stub.environment)


def test_an_order_whose_answer_is_lost_is_repeated_with_its_key(
    stub: StubTerminal, client: Api
) -> None:
    stub.api.tells("POST", "/v1/jobs", LOST, LOST, Told(200, {"id": "x"}))

    made = client.make("/v1/jobs", {"name": "health"})

    assert (made.document, made.is_new) == ({"id": "x"}, False)
    keys = {asked.headers["idempotency-key"] for asked in stub.api.asked}
    assert (len(stub.api.asked), len(keys)) == (3, 1)


def test_an_order_without_any_answer_says_how_to_repeat_it(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("POST", "/v1/jobs", LOST)

    with pytest.raises(Problem) as caught:
        client.make("/v1/jobs", {})

    key = stub.api.asked[0].headers["idempotency-key"]
    assert (len(stub.api.asked), caught.value.code) == (3, Exit.UNAVAILABLE)
    assert caught.value.fix.endswith(f"repeat it safely with --idempotency-key {key}")


def test_two_orders_have_two_keys(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("POST", "/v1/jobs", {})

    client.make("/v1/jobs", {})
    client.make("/v1/jobs", {})

    first, second = (asked.headers["idempotency-key"] for asked in stub.api.asked)
    assert first != second


def test_a_given_key_is_sent(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("POST", "/v1/jobs", {})

    client.make("/v1/jobs", {}, key="nightly")

    assert stub.api.asked[0].headers["idempotency-key"] == "nightly"


def test_a_refused_order_is_not_repeated(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("POST", "/v1/jobs", Told(503, {"detail": "x"}), {})

    with pytest.raises(Problem, match="x"):
        client.make("/v1/jobs", {})

    assert len(stub.api.asked) == 1


@pytest.mark.parametrize("how", ["get", "post", "delete"])
def test_what_has_no_key_is_sent_once(stub: StubTerminal, client: Api, how: str) -> None:
    stub.api.tells(how.upper(), "/v1/jobs/x", LOST)

    with pytest.raises(Problem, match="does not answer"):
        getattr(client, how)("/v1/jobs/x")

    assert len(stub.api.asked) == 1


def test_an_edit_of_a_version_sends_it_as_a_tag(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("PATCH", "/v1/jobs/x", {})

    client.edit("/v1/jobs/x", {"name": "y"}, version=7)

    (asked,) = stub.api.asked
    assert (asked.headers["if-match"], asked.body) == ('"7"', {"name": "y"})


def test_an_edit_of_any_version_sends_no_tag(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("PATCH", "/v1/jobs/x", {})

    client.edit("/v1/jobs/x", {"name": "y"})

    assert "if-match" not in stub.api.asked[0].headers


def test_json_and_problems_are_accepted(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("GET", "/v1/jobs", {})

    client.get("/v1/jobs")

    (asked,) = stub.api.asked
    assert asked.headers["accept"] == "application/json, application/problem+json"
    assert asked.headers["authorization"] == "Bearer a-token"


def test_what_has_not_changed_is_nothing(stub: StubTerminal, client: Api) -> None:
    stub.api.tells("GET", "/v1/runs/x", {"state": "running"})

    first = client.changed("/v1/runs/x", None)

    assert first is not None
    assert client.changed("/v1/runs/x", first.etag) is None
    assert "if-none-match" not in stub.api.asked[0].headers
