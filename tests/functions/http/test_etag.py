from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Malformed
from chalicelib.functions.http import etag

TAG, OTHER = etag.of("{}"), etag.of("[]")
headers = st.text() | st.lists(
    st.sampled_from(['"1.a"', 'W/"1.a"', '"x"', "*", ",", " ", '"', "\t", "3"])
).map("".join)


def test_the_same_body_has_the_same_tag_and_another_one_has_another() -> None:
    assert etag.of("{}") == TAG != OTHER


def test_a_tag_stands_in_quotes_and_begins_with_the_version() -> None:
    assert etag.of("{}", 3) == f'"3.{TAG[1:]}'


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", f"{OTHER}, {TAG}", f'"x" ,\t{TAG}', " * "])
def test_a_tag_is_known_where_it_is_named(header: str) -> None:
    assert etag.is_known(header, TAG)


@pytest.mark.parametrize("header", ["", OTHER, TAG.strip('"'), f"{TAG};", f'"{TAG}"', "**"])
def test_a_tag_is_not_known_where_it_is_not_named(header: str) -> None:
    assert not etag.is_known(header, TAG)


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ('"3.ab12"', {3}),
        (' "3.ab12" , "17.0" ', {3, 17}),
        ('W/"3.ab12"', set()),
        ('"something-else"', set()),
        ('"3"', {3}),
        ('"-3.ab"', set()),
        ('"' + "9" * 5_000 + '.ab"', set()),
    ],
)
def test_a_change_is_for_the_versions_of_its_strong_tags(header: str, versions: set[int]) -> None:
    assert etag.versions(header) == frozenset(versions)


def test_an_asterisk_is_for_any_version() -> None:
    assert etag.versions(" *") is None


@pytest.mark.parametrize("header", ["", " ", "3", "3.ab", '"3.ab', '"3.ab",', '"a" "b"', '*, "a"'])
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(Malformed) as caught:
        etag.versions(header)
    assert [fault.field for fault in caught.value.faults] == ["If-Match"]


@settings(deadline=None)
@given(headers)
def test_a_header_is_read_or_refused(header: str) -> None:
    assert etag.is_known(header, TAG) in {True, False}
    with suppress(Malformed):
        etag.versions(header)


def test_a_long_header_is_read_at_once() -> None:
    with pytest.raises(Malformed):
        etag.versions('"a", ' * 20_000 + "b")
