import pytest

from chalicelib.errors import (
    Conflict,
    Denied,
    Fault,
    Invalid,
    InvalidSettings,
    Malformed,
    NotFound,
    PalyraError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)


def test_an_error_says_its_title_where_nothing_else_is_said() -> None:
    assert str(NotFound()) == "There is no such thing here"


def test_a_title_is_the_docstring_without_its_full_stop() -> None:
    assert Unauthenticated.title() == "A valid API token is needed"


def test_a_code_is_the_name_in_kebab_case() -> None:
    assert TooLarge.code() == "too-large"
    assert InvalidSettings.code() == "invalid-settings"


def test_the_field_to_blame_is_the_first_fault() -> None:
    other = Fault(field="prompt", detail="it is empty", fix="say something")
    error = Invalid("limit is 0", field="limit", fix="use 1 to 200", faults=[other])
    assert error.faults == (Fault(field="limit", detail="limit is 0", fix="use 1 to 200"), other)


def test_an_error_of_no_field_has_no_fault() -> None:
    assert Invalid("nonsense", fix="make sense").faults == ()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed, 400),
        (Unauthenticated, 401),
        (Denied, 403),
        (NotFound, 404),
        (Conflict, 409),
        (TooLarge, 413),
        (Invalid, 422),
        (InvalidSettings, 503),
        (Unavailable, 503),
        (PalyraError, 500),
    ],
)
def test_an_error_stands_for_a_status(error: type[PalyraError], status: int) -> None:
    assert error.status == status


@pytest.mark.parametrize("error", PalyraError.__subclasses__())
def test_every_error_has_a_title_of_its_own(error: type[PalyraError]) -> None:
    assert error.title() != PalyraError.title()
