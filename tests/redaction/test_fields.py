from typing import Any

import pytest

from chalicelib.redaction import redact

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "password"),
        ("userPassword", "password"),
        ("DB_PASSWORD", "password"),
        ("PGPASSWORD", "password"),
        ("passphrase", "password"),
        ("pwd", "password"),
        ("secret", "secret"),
        ("client-secret", "secret"),
        ("SecretAccessKey", "secret"),
        ("token", "token"),
        ("accessToken", "token"),
        ("x-auth-token", "token"),
        ("authtoken", "token"),
        ("id_token", "token"),
        ("api_key", "api_key"),
        ("X-Api-Key", "api_key"),
        ("apiKey2", "api_key"),
        ("OPENAI_API_KEY", "api_key"),
        ("private_key", "private_key"),
        ("privateKey", "private_key"),
        ("claim_key", "claim_key"),
        ("Authorization", "authorization"),
        ("Proxy-Authorization", "authorization"),
        ("Set-Cookie", "cookie"),
        ("credentials", "credential"),
        ("pin", "pin"),
        ("pairingPin", "pin"),
        ("pin_code", "pin"),
        ("sas", "sas"),
        ("msg_a", "pake"),
        ("recovery_phrase", "seed-phrase"),
    ],
)
def test_the_value_of_a_secret_field_is_replaced_by_its_class(name: str, kind: str) -> None:
    assert redact({name: SECRET}) == {name: f"[redacted:{kind}]"}


@pytest.mark.parametrize(
    "name",
    [
        *("max_tokens", "tokens", "token_count", "tokenizer", "next_token", "nextPageToken"),
        *("secret_name", "secret_arn", "secretary", "password_policy", "cookie_name", "csr"),
        *("public_key", "dedupe_key", "idempotency_key", "spinner", "ping", "author", "key"),
        *("pinned", "pin_count", "sassy", "mapping", "claims", "signature", "compass"),
    ],
)
def test_other_names_are_no_secrets(name: str) -> None:
    assert redact({name: SECRET}) == {name: SECRET}


@pytest.mark.parametrize(
    "value",
    [None, True, "", 7, "7", "vault://main/github", "${TOKEN}", "<token>", "***"],
)
def test_what_only_stands_for_a_token_stays(value: Any) -> None:
    assert redact({"token": value}) == {"token": value}


@pytest.mark.parametrize("name", ["signature", "proof", "claim", "sig"])
def test_a_name_that_often_is_harmless_counts_where_its_value_is_made_by_a_machine(
    name: str,
) -> None:
    assert redact({name: "def claim(self, ref)"}) == {name: "def claim(self, ref)"}
    assert redact({name: "9f86d081884c7d659a2feaa0"}) == {name: f"[redacted:{_kind(name)}]"}


@pytest.mark.parametrize(
    "content",
    [
        {"outer": {"password": SECRET}},
        {"list": [{"x": 1}, {"password": SECRET}]},
        {"deep": [[{"a": ({"password": SECRET},)}]]},
        {"password": {"old": SECRET, "new": [SECRET]}},
        {"headers": [{"name": "Authorization", "value": SECRET}]},
        {"environment": [{"Name": "DB_PASSWORD", "Value": SECRET}]},
        {"body": f'{{"password": "{SECRET}"}}'},
        {"body": f'{{"body": "{{\\"password\\": \\"{SECRET}\\"}}"}}'},
        {"body": f'[{{"key": "client_secret", "value": "{SECRET}"}}]'},
        {"cut": f'{{"user": "ann", "password": {{"old": "{SECRET}'},
        {"bytes": f"password={SECRET}".encode()},
        {f"password={SECRET}": 1},
        {"set": {f"password={SECRET}"}},
        {b"password=" + SECRET.encode(): 1},
        [["password", SECRET], ["Accept", "*/*"]],
        (("X-Api-Key", SECRET),),
        ["login", "--password", SECRET, "--verbose"],
        {"escaped": '{"x": "pass\\u0077ord=' + SECRET + '"}'},
    ],
)
def test_a_secret_is_found_however_deep_it_lies(content: Any) -> None:
    assert SECRET not in str(redact(content))


def test_a_private_key_in_a_list_of_lines_is_hidden_to_its_end() -> None:
    label = "PRIVATE KEY"
    lines = [f"-----BEGIN {label}-----", "MIIE" * 16, "QUJD" * 16, f"-----END {label}-----"]
    assert redact(["before", *lines, "after"]) == [
        "before",
        *["[redacted:private-key]"] * 4,
        "after",
    ]


@pytest.mark.parametrize(
    "content",
    [["token", "count"], ["password", "secret"], ["the --token", "x"], ["--token-ttl", "12h"]],
)
def test_a_list_of_words_stays_as_it_is(content: Any) -> None:
    assert redact(content) == content


def test_what_is_not_secret_stays_as_it_is() -> None:
    content = {"name": "pin board", "tokens": 3, "list": [1, None, {"a": True}], "text": "token"}
    assert redact(content) == content


def test_json_in_a_text_keeps_its_layout() -> None:
    text = '{ "n": 1.10,\n  "password": "x y",  "pin": 123456, "a": [1, 2] }'
    assert redact(text) == (
        '{ "n": 1.10,\n  "password": "[redacted:password]",  "pin": "[redacted:pin]", "a": [1, 2] }'
    )


def test_redacting_leaves_the_original_alone() -> None:
    original = {"password": SECRET, "list": [f"password={SECRET}"]}
    redact(original)
    assert original == {"password": SECRET, "list": [f"password={SECRET}"]}


def test_content_that_is_nested_too_deeply_is_cut_off() -> None:
    content: Any = f"password={SECRET}"
    for _ in range(2000):
        content = [content]
    assert str(redact(content)).count("[redacted:too-deep]") == 1


def _kind(name: str) -> str:
    return {"sig": "signature"}.get(name, name)
