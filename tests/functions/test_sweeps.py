import pytest

from chalicelib.errors import InvalidSettings
from tests.functions.invoke import delivered, message, sweep
from tests.functions.log import Log
from tests.support.world import World


def test_a_sweep_sends_a_lost_message_again(container: World, log: Log) -> None:
    job = container.job(every="100s")
    container.at(5)
    assert sweep()["send"] == 1
    assert delivered() == [message(container.ref(job, 100 / 60))]
    assert log.messages()[-1] == "swept"


def test_a_sweep_returns_plain_words(container: World) -> None:
    assert sweep() == {"nothing": 0, "wait": 0, "send": 0, "fail": 0}
    assert container.messages() == 0


@pytest.mark.usefixtures("container")
def test_a_bad_setting_stops_the_sweep_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALYRA_SHARDS", "0")
    with pytest.raises(InvalidSettings, match="PALYRA_SHARDS"):
        sweep()
