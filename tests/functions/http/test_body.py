import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid, Malformed, PalyraError, TooLarge
from chalicelib.functions.http import body
from chalicelib.functions.http.models import NewJob

GOOD = {"name": "health", "schedule": {"every": "60s"}, "prompt": "Look", "tools": ["t"]}


def test_a_good_body_becomes_its_model() -> None:
    assert body.read(json.dumps(GOOD), NewJob) == NewJob.model_validate(GOOD)


def test_bytes_and_text_read_alike() -> None:
    text = json.dumps(GOOD, ensure_ascii=False)
    assert body.read(text, NewJob) == body.read(text.encode(), NewJob)


def test_a_size_is_counted_in_bytes_before_anything_is_read() -> None:
    with pytest.raises(TooLarge):
        body.read("ü" * (160 * 1_024) + "x", NewJob)


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(Malformed, match="'name'"):
        body.read('{"name": "a", "name": "b"}', NewJob)


def test_a_repeated_key_deep_inside_is_found() -> None:
    with pytest.raises(Malformed, match="'a'"):
        body.read('{"schedule": {"every": [{"a": 1, "a": 1}]}}', NewJob)


def test_a_repeated_key_is_found_quickly_in_the_largest_body() -> None:
    keys = ",".join(f'"{number:x}":1' for number in range(30_000))
    began = time.process_time()
    with pytest.raises(Malformed, match="'752f'"):
        body.read(f'{{{keys},"752f":1}}', NewJob)
    assert time.process_time() - began < 2


def test_keys_that_differ_in_case_are_two_keys() -> None:
    with pytest.raises(Invalid) as caught:
        body.read(json.dumps(GOOD | {"Name": "x"}), NewJob)
    assert [fault.field for fault in caught.value.faults] == ["Name"]


def test_a_refused_body_names_the_first_twenty_fields() -> None:
    with pytest.raises(Invalid) as caught:
        body.read(json.dumps(GOOD | {"tools": list(range(100))}), NewJob)
    assert [fault.field for fault in caught.value.faults] == [f"tools.{n}" for n in range(20)]


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":[', "]}")])
@pytest.mark.parametrize("depth", [10, 450, 500, 900, 1_000, 1_400, 1_500, 3_000, 20_000])
def test_nothing_is_too_deep_to_be_refused(begin: str, end: str, depth: int) -> None:
    deep = begin * depth + end * depth
    for field in ("name", "schedule", "tools"):
        with pytest.raises(PalyraError):
            body.read(f'{{"{field}": {deep}}}', NewJob)


@settings(deadline=None, derandomize=True)
@given(st.binary() | st.text(st.characters(codec="utf-8")))
def test_no_body_fails_in_another_way_than_by_refusing(raw: bytes | str) -> None:
    with pytest.raises(PalyraError):
        body.read(raw, NewJob)


def test_a_refusal_of_broken_json_is_short() -> None:
    with pytest.raises(Malformed) as caught:
        body.read("{" + "x" * 100_000, NewJob)
    assert len(caught.value.detail) <= 200
