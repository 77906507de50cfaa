from typing import Any

import pytest

from chalicelib.journal.redaction import SECRET_FIELDS, redact


@pytest.mark.parametrize("name", sorted(SECRET_FIELDS))
def test_the_value_of_a_secret_field_is_replaced_by_its_class(name: str) -> None:
    assert redact({name: "hunter2"}) == {name: f"[redacted:{name}]"}


@pytest.mark.parametrize("name", ["Password", "API_KEY", "Api-Key", "private-key", "TOKEN"])
def test_case_and_hyphens_do_not_hide_a_secret_field(name: str) -> None:
    assert "hunter2" not in str(redact({name: "hunter2"}))


@pytest.mark.parametrize(
    "content",
    [
        {"outer": {"password": "hunter2"}},
        {"list": [{"x": 1}, {"password": "hunter2"}]},
        {"deep": [[{"a": ({"password": "hunter2"},)}]]},
        {"password": {"old": "hunter2", "new": ["hunter2"]}},
    ],
)
def test_a_secret_is_found_however_deep_it_lies(content: Any) -> None:
    assert "hunter2" not in str(redact(content))


def test_what_is_not_secret_stays_as_it_is() -> None:
    content = {"name": "pin board", "tokens": 3, "list": [1, None, {"a": True}], "text": "token"}
    assert redact(content) == content


def test_redacting_leaves_the_original_alone() -> None:
    original = {"password": "hunter2"}
    redact(original)
    assert original == {"password": "hunter2"}
