import os

import pytest

from infra.local import environment
from infra.local.place import Place


@pytest.fixture(autouse=True)
def callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person's shell may hold."""
    monkeypatch.setenv("AWS_PROFILE", "company")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a real one")
    monkeypatch.setenv("PALYRA_STAGE", "prod")
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "3")
    monkeypatch.setenv("HOME", "/home/of/somebody")


def test_nothing_of_the_callers_account_reaches_a_process(place: Place) -> None:
    for variables in (environment.of_emulator(place), environment.of_tools(place)):
        assert "AWS_PROFILE" not in variables
        assert "AWS_SESSION_TOKEN" not in variables
        assert variables["HOME"] == "/home/of/somebody"
        assert variables[environment.MARKER] == str(place.state)
        assert variables["TMPDIR"] == str(place.temporary)


def test_functions_get_settings_by_their_deploy_alone(place: Place) -> None:
    assert "PALYRA_TASKS_LEASE_SECONDS" not in environment.of_emulator(place)
    assert environment.deployed_settings() == {
        "PALYRA_TASKS_LEASE_SECONDS": "3",
        "PALYRA_STAGE": "local",
        "PALYRA_NODES_ORIGIN": environment.NODES_ORIGIN,
    }


def test_this_process_calls_the_emulator_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))

    environment.enter(place.emulator_url)

    assert os.environ["AWS_ENDPOINT_URL"] == place.emulator_url
    assert os.environ["PALYRA_STAGE"] == "local"
    assert "AWS_PROFILE" not in os.environ
