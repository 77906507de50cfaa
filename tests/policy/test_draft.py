"""What operators' policies are refused for: with the line, and how to mend it."""

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.policy.draft import MOST_BYTES, MOST_POLICIES, check
from chalicelib.policy.engine import defaults
from chalicelib.policy.text import MOST_NESTED

GOOD = '@id("a") permit (principal, action, resource);'


def refused(text: str) -> list[tuple[str, str]]:
    """Return detail and fix of each fault that a text is refused with."""
    with pytest.raises(Invalid) as refusal:
        check(text)
    assert all(fault.field == "text" for fault in refusal.value.faults)
    return [(fault.detail, fault.fix) for fault in refusal.value.faults]


def when(condition: str) -> str:
    scope = 'principal, action == Action::"dispatch", resource'
    return f'@id("a") permit ({scope}) when {{ {condition} }};'


def test_policies_are_told_with_their_lines() -> None:
    second = GOOD.replace('@id("a") permit', '@id("b") @hint("ask") forbid')
    told = [tuple(each) for each in check(f"// why\n{GOOD}\n\n{second}")]
    assert told == [("a", "permit", 2, ""), ("b", "forbid", 4, "ask")]


SCOPE = "(principal, action, resource)"
GRAMMAR = {
    "permit": "line 1, column 7: the policy is not finished",
    f'@id("a")\npermit {SCOPE}': "line 2, column 37: the policy is not finished",
    '@id("a")\npermit (principal,\n  acton, resource);': "line 3, column 3: found an invalid",
    f'@id("a") permit {SCOPE} when {{ 1 + }};': "line 1, column 58: unexpected token `}`",
    f'@id("a") permit {SCOPE} when {{ 1\n1 }};': "line 2, column 1: unexpected token `1`",
    f'@id("a") allow {SCOPE};': "line 1, column 10: invalid policy effect: allow",
    f'@id("a") @id("b") permit {SCOPE};': "line 1, column 1: duplicate annotation",
    when('"\\q" == ""'): "line 1, column 76: the input `\\q` is not a valid escape",
    when("99999999999999999999 > 0"): "integer parse error",
}


@pytest.mark.parametrize("text", GRAMMAR)
def test_what_is_no_cedar_is_refused_where_it_stops_to_be(text: str) -> None:
    ((detail, fix),) = refused(text)
    assert GRAMMAR[text] in detail
    assert fix


def test_every_statement_that_cannot_be_read_is_told() -> None:
    text = "\n".join([GOOD, "permit (;", GOOD.replace('"a"', '"b"'), "forbid )"])
    lines = [detail.partition(",")[0] for detail, _ in refused(text)]
    assert lines == ["line 2", "line 4"]


UNSAFE = {
    'permit (principal == "': 'close it with "',
    "permit # (": "take it out, or quote it",
    "permit \x00": "take it out, or quote it",
    when(
        "(" * (MOST_NESTED + 1)
    ): f"nest brackets at most {MOST_NESTED} deep, or use several policies",
}


@pytest.mark.parametrize("text", UNSAFE)
def test_what_the_engine_must_not_see_is_refused_before(text: str) -> None:
    assert [fix for _, fix in refused(text)] == [UNSAFE[text]]


OUTSIDE = {
    GOOD.replace('@id("a") ', ""): "the policy has no id",
    GOOD.replace('("a")', ""): "the policy has no id",
    GOOD.replace('"a"', '"default-a"'): "the id 'default-a' is one of the defaults'",
    GOOD.replace('"a"', '"A b"'): "'A b' is not an id",
    GOOD.replace('"a"', f'"{"a" * 65}"'): "is not an id",
    GOOD + GOOD: "the id 'a' is taken in line 1",
    GOOD.replace("principal,", "principal == ?principal,"): "it has a slot",
    GOOD.replace("permit", '@reason("policy.allow") permit'): "there is no annotation @reason",
    GOOD.replace("permit", f'@hint("{"a" * 201}") permit'): "its hint is too long",
}


@pytest.mark.parametrize("text", OUTSIDE)
def test_annotations_and_slots_that_do_not_fit_are_refused(text: str) -> None:
    assert any(OUTSIDE[text] in detail for detail, _ in refused(text))


SCHEMA = {
    GOOD.replace("action,", 'action == Action::"dispach",'): "perhaps 'dispatch' is meant",
    GOOD.replace("principal,", 'principal == Tokn::"x",'): "perhaps 'Token' is meant",
    GOOD.replace("principal,", 'principal in Role::"king",'): 'use Role::"viewer"',
    when(
        "context.tols.isEmpty()"
    ): 'name the actions that have it, as action == Action::"dispatch"',
    when("resource.color == 1"): "use an attribute that this type has",
    when("context.owner == 1"): "compare and combine values of one type",
    GOOD.replace("principal,", "principal is Job,"): (
        "let principal, action and resource be ones that the schema has together"
    ),
}


@pytest.mark.parametrize("text", SCHEMA)
def test_what_does_not_fit_the_schema_is_refused_with_what_would(text: str) -> None:
    faults = refused(text)
    assert any(SCHEMA[text] in fix for _, fix in faults)
    assert len(faults) == len(set(faults))


def test_what_is_wrong_for_many_actions_is_told_once() -> None:
    text = '@id("a") forbid (principal, action, resource) when { context.approval == "pending" };'
    ((detail, _),) = refused(text)
    assert "and the same of" in detail


@pytest.mark.parametrize("text", ["", "  \n", "// nothing"])
def test_no_policies_are_refused_with_what_to_do_instead(text: str) -> None:
    assert refused(text) == [("there are no policies", "activate version 0 to go by the defaults")]


def test_too_much_is_refused() -> None:
    assert refused(GOOD + " " * MOST_BYTES)[0][1] == f"use at most {MOST_BYTES} bytes"
    many = "\n".join(GOOD.replace('"a"', f'"a{n}"') for n in range(MOST_POLICIES + 1))
    ((detail, fix),) = refused(many)
    assert detail == f"line {MOST_POLICIES + 1}, column 1: there are {MOST_POLICIES + 1} policies"
    assert fix == f"use at most {MOST_POLICIES}"


def test_as_much_as_is_allowed_is_taken() -> None:
    many = "\n".join(GOOD.replace('"a"', f'"a{n}"') for n in range(MOST_POLICIES))
    assert len(check(many)) == MOST_POLICIES


def test_half_a_character_is_refused() -> None:
    assert refused(GOOD + "\ud800")[0][1] == "send whole characters"


def test_the_defaults_would_be_taken_under_other_names() -> None:
    text = defaults().replace('@id("default-', '@id("my-')
    assert "there is no annotation @reason" in refused(text)[0][0]
    without = "\n".join(line for line in text.split("\n") if not line.startswith("@reason"))
    assert check(without)


CHECK = """
import sys
from chalicelib.errors import Invalid
from chalicelib.policy.draft import check
from chalicelib.policy.engine import PolicyEngine
from tests.policy.golden import cases

text = sys.stdin.read()
try:
    check(text)
except Invalid as refusal:
    print(refusal.faults[0].detail)
else:
    for case in list(cases())[::40]:
        PolicyEngine.of_operator(text, 1).authorize(*case.question)
    print("taken")
"""


def checked(text: str) -> str:
    """Check policies in a process of their own, and ask them; return what it says."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK], input=text, text=True, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr[-300:]
    return done.stdout


@pytest.mark.parametrize(
    "deep",
    [
        "(" * 28 + "true" + ")" * 28,
        "!(" * 28 + "true" + ")" * 28,
        "{a: " * 28 + "1" + "}" * 28 + " == {}",
        "[" * 28 + "1" + "]" * 28 + " == []",
        "if true then " * 190 + "true" + " else true" * 190,
        "true" + " && true" * 199,
        "true" + " || false" * 199,
        "0" + " + 1" * 190 + " > 0",
    ],
)
def test_the_deepest_that_is_let_through_does_not_end_the_process(deep: str) -> None:
    told = checked(when(deep))
    assert "nested too deep" not in told
    assert "too long" not in told


@pytest.mark.parametrize("link", [" && true", " || true", "+1", ".a", "[1]", "-1", "!"])
def test_a_chain_without_an_end_is_refused(link: str) -> None:
    chain = link * (30_000 // len(link))
    told = checked(when(chain + "true" if link == "!" else "true" + chain))
    assert "the policy is too long" in told


WORDS = """
permit forbid ( ) principal action resource , ; when { } unless == in is Role::"admin" Job context
. owner ?principal 1 + has if then else && ! [ ] // " é @id("a") "x"
"""
PIECES = st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=40).map(" ".join)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(PIECES | st.text(max_size=200))
@example('@id("a") permit (principal, action, resource) when { principal.owner };')
def test_whatever_is_written_is_taken_or_refused_with_a_line_and_a_fix(text: str) -> None:
    try:
        taken = check(text)
    except Invalid as refusal:
        taken, faults = [], refusal.faults
    else:
        faults = ()
    assert bool(taken) != bool(faults)
    assert all(fault.detail and fault.fix for fault in faults)
