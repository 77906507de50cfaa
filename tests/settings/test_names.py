import pytest

from chalicelib.errors import InvalidSettings
from chalicelib.settings import resource, stage


def test_the_stage_is_local_unless_told_otherwise() -> None:
    assert stage({}) == "local"
    assert stage({"PALYRA_STAGE": "prod"}) == "prod"


@pytest.mark.parametrize("name", ["", "Prod", "1st", "a-b", "a" * 17, "prod\n", "prød"])
def test_a_stage_that_cannot_stand_in_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        stage({"PALYRA_STAGE": name})
    assert caught.value.faults[0].field == "PALYRA_STAGE"


def test_names_of_tables_and_queues_carry_the_stage() -> None:
    assert resource("work") == "palyra-local-work"
