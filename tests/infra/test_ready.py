import json
import os
import stat

import pytest

from infra.local import ready
from infra.local.errors import LocalCloudError
from infra.local.place import Place


def test_up_json_is_for_its_owner_alone(place: Place) -> None:
    ready.write_up_file(place, "a token")

    assert stat.S_IMODE(place.up_file.stat().st_mode) == 0o600
    assert json.loads(place.up_file.read_text()) == {
        "api": place.url,
        "console": f"{place.url}/",
        "nodes": place.nodes_url,
        "nodes_ca": str(place.nodes_certificate),
        "emulator": place.emulator_url,
        "token": "a token",
        "pid": os.getpid(),
    }
    assert ready.read_up_file(place)["token"] == "a token"


def test_a_cloud_that_is_not_ready_is_told_with_the_fix(place: Place) -> None:
    with pytest.raises(LocalCloudError, match="Run `make up` first"):
        ready.read_up_file(place)


def test_people_are_told_what_to_do_next(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    ready.tell(place)

    told = capsys.readouterr().out
    assert f"open {place.url}/ " in told
    assert f"STATE={place.state} .venv/bin/palyra jobs create --name health --every 60s" in told
    assert "make down" in told
