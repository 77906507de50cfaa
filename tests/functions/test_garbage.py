import pytest

from tests.functions.invoke import worker_normal
from tests.functions.log import Log

GARBAGE = [
    "",
    "garbage",
    "null",
    "7",
    "[]",
    "{}",
    '{"pk": "main#J"}',
    '{"pk": "main#J", "sk": "garbage"}',
    '{"pk": "main#J", "sk": null}',
    '{"pk": "main#J", "sk": "999999999999"}',
    '{"pk": "main#J", "sk": "99999999999999999999"}',
    '{"pk": "", "sk": "001795348860"}',
    '{"pk": {"a": 1}, "sk": [1]}',
    "[" * 100_000,
]


@pytest.mark.usefixtures("closed_container")
@pytest.mark.parametrize("body", GARBAGE, ids=lambda body: body[:40])
def test_a_message_that_makes_no_sense_is_dropped_with_a_word(body: str, log: Log) -> None:
    worker_normal(body)
    assert log.messages() == ["a message was dropped"]
