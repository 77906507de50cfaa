import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.redaction import redact, redact_text
from tests.redaction.canaries import Canary, canaries
from tests.redaction.leaks import leaks

CANARIES = canaries()
GITHUB = next(canary.secret for canary in CANARIES if canary.kind == "github-classic")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"with {GITHUB}, then", "with [redacted:github-token], then"),
        (f"{GITHUB}\n{GITHUB}", "[redacted:github-token]\n[redacted:github-token]"),
        ("https://ann:s3cret@h/x?y=1", "https://ann:[redacted:url-userinfo]@h/x?y=1"),
        ("GET /x?token=abc&n=1", "GET /x?token=[redacted:token]&n=1"),
        ("the PIN is 123456, she said", "the PIN is [redacted:pin], she said"),
        ("PIN 123 456?", "PIN [redacted:pin]?"),
        ("password: hunter2.", "password: [redacted:password]."),
        ("{'password': 'a b'}", "{'password': '[redacted:password]'}"),
        (
            r"{\"token\": \"a \\\"b\\\" c\", \"n\": 1}",
            r"{\"token\": \"[redacted:token]\", \"n\": 1}",
        ),
        ("<a><Password>a b</Password></a>", "<a><Password>[redacted:password]</Password></a>"),
        ("{b'token': b'a b'}", "{b'token': b'[redacted:token]'}"),
        ("password: |\n  hunter2-x\nn: 1", "password: |\n  [redacted:password]\nn: 1"),
        ("password: >-\n  hunter2-x", "password: >-\n  [redacted:password]"),
        ("the bearer token aB3dEf6hIj9kLm2n is", "the bearer token [redacted:bearer-token] is"),
        ("sshpass -p hunter2-x ssh h", "sshpass -p [redacted:command-line] ssh h"),
        ("https://aB3dEf6hIj9kLm2nOp5q@h/x", "https://[redacted:url-userinfo]@h/x"),
        ("a password='b1 c2' d", "a password='[redacted:password]' d"),
        ("Cookie: a=1; b=2\nHost: h", "Cookie: [redacted:cookie]\nHost: h"),
        ("a%20password%3Dhunter2%26b", "a%20password%3D[redacted:password]%26b"),
        (
            "machine h login ann password hunter2",
            "machine h login ann password [redacted:password]",
        ),
        ("CREATE USER a IDENTIFIED BY 'b c'", "CREATE USER a IDENTIFIED BY '[redacted:password]'"),
    ],
)
def test_only_the_secret_itself_is_replaced(text: str, told: str) -> None:
    assert redact_text(text) == told


@pytest.mark.parametrize("shift", range(6))
def test_a_secret_is_found_wherever_it_stands_in_base64(shift: int) -> None:
    encoded = base64.b64encode(f"{'x' * shift} {GITHUB} and more".encode()).decode()
    told = redact_text(f"see /a/{encoded}.")
    assert told.startswith("see /a/")
    assert "[redacted:github-token]" in told
    assert not leaks(told, GITHUB)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_secret_is_found_in_what_a_shell_was_given_encoded(encoding: str) -> None:
    encoded = base64.b64encode(f"echo {GITHUB}".encode(encoding)).decode()
    assert redact_text(f"powershell -enc {encoded}") == "powershell -enc [redacted:github-token]"


@pytest.mark.parametrize("cut", [30, 38])
def test_a_token_that_was_cut_is_one_still(cut: int) -> None:
    assert redact_text(GITHUB[:cut]) == "[redacted:github-token]"


def test_a_private_key_that_was_cut_is_one_still() -> None:
    (key,) = [canary for canary in CANARIES if canary.kind == "pem-rsa-private-key"]
    for end in range(60, len(key.text), 7):
        told = redact_text(f"it was {key.text[:end]}")
        shown, _, behind = told.partition("]")
        assert shown == "it was [redacted:private-key"
        assert behind.strip("\n-") in "END RSA PRIVATE KEY"


def test_letters_that_grow_in_lower_case_move_nothing() -> None:
    assert redact_text("İİİ password=hunter2 İ") == "İİİ password=[redacted:password] İ"


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.kind)
def test_what_was_redacted_stays_as_it_is(canary: Canary) -> None:
    told = [redact_text(form) for form in canary.forms]
    assert [redact_text(each) for each in told] == told


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([*CANARIES]).map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("token"), inner),
)


@settings(deadline=None)
@given(JSON)
def test_any_content_is_redacted_once(content: Any) -> None:
    told = redact(content)
    assert redact(told) == told


@settings(deadline=None)
@given(st.text(), st.sampled_from(CANARIES), st.text())
def test_a_secret_on_a_line_of_its_own_is_found_in_any_text(
    before: str, canary: Canary, after: str
) -> None:
    told = redact_text(f"{before}\n{canary.text}\n{after}")
    assert not leaks(told.removeprefix(before).removesuffix(after), canary.secret)
