from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import NotFound
from chalicelib.functions.http.identifier import identifier


@pytest.mark.parametrize("text", ["01M81J18G00000000000000000", "01M8-001795348860", "J"])
def test_what_looks_like_one_of_ours_is_passed_on(text: str) -> None:
    assert identifier(text, "job") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "j",
        "J#hot",
        "main#J",
        "J\n",
        "../J",
        "Ｊ",  # noqa: RUF001 - full-width
        "٣",
        "A" * 1_025,
        "-",
        "J-",
        "-J",
        "J--J",
        "J J",
        "\x00",
        "\ud800",
    ],
)
def test_what_cannot_be_one_of_ours_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        identifier(text, "job")


@settings(deadline=None)
@given(st.text())
def test_no_identifier_can_lead_out_of_its_owners_partition(text: str) -> None:
    with suppress(NotFound):
        assert "#" not in identifier(text, "job")


def test_a_long_identifier_is_not_repeated_in_full() -> None:
    with pytest.raises(NotFound) as caught:
        identifier("a" * 100_000, "job")
    assert len(caught.value.detail) < 120
