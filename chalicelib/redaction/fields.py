"""Which fields hold secrets, by their names, however these are written: camelCase, kebab, snake.

A name is its words. `max_tokens`, `token_count`, `secret_arn` and `nextPageToken` name no secret;
`accessToken`, `X-Api-Key` and `DB_PASSWORD` do. Names that often mean something harmless (`claim`,
`signature`) count only where the value looks like what is made by a machine.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from chalicelib.redaction.patterns import compiled

# What of a field's values is a secret: any, digits as of a PIN, or what a machine has made.
ANY, DIGITS, WEAK = "any", "digits", "weak"


class Field(NamedTuple):
    """What the name of a field says of its value: the class, and which values are secrets."""

    kind: str
    strength: str = ANY


_LONGEST_NAME = 128
_SMALLEST_PIN = 1000
_SHORTEST_DIGITS = 6
_WORD = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
# What a word says that stands anywhere in a name.
_WORDS = {
    **dict.fromkeys(
        ("password", "passwords", "passwd", "pwd", "passphrase", "passcode"), "password"
    ),
    **dict.fromkeys(("secret", "secrets"), "secret"),
    **dict.fromkeys(("credential", "credentials"), "credential"),
    **dict.fromkeys(("cookie", "cookies"), "cookie"),
    **dict.fromkeys(("token", "jwt", "bearer"), "token"),
    **dict.fromkeys(("otp", "totp"), "otp"),
    "authorization": "authorization",
    "apikey": "api_key",
    "privatekey": "private_key",
    "sas": "sas",
    "mnemonic": "seed-phrase",
}
# What a part of a name says whose words are not set apart.
_PARTS = {
    "password": "password",
    "passwd": "password",
    "apikey": "api_key",
    "privatekey": "private_key",
}
_ENDS = {"secret": "secret", "token": "token"}
# Words before `key` and `phrase` that make it a secret one.
_KEYS = {
    **dict.fromkeys(("api", "subscription", "license"), "api_key"),
    **dict.fromkeys(("private", "ssh", "signing", "encryption", "master"), "private_key"),
    **dict.fromkeys(("secret", "access", "account", "shared", "storage", "deploy"), "secret"),
    "claim": "claim_key",
}
_PHRASES = {"seed", "recovery", "pass"}
_PINS = {"pin", "pincode"}
_PIN_TAILS = {"code", "value", "number"}
_PAKE = {"msg_a", "msg_b", "pake_state"}
_WEAK = {
    "claim": "claim",
    "proof": "proof",
    "signature": "signature",
    "sig": "signature",
    "auth": "auth",
}
# Last words of names that tell of a secret without holding it.
_TAILS = frozenset(
    [
        "age",
        "alg",
        "algorithm",
        "arn",
        "at",
        "audience",
        "budget",
        "bytes",
        "cls",
        "class",
        "count",
        "counts",
        "created",
        "digest",
        "enabled",
        "endpoint",
        "expiration",
        "expires",
        "expiry",
        "field",
        "fields",
        "file",
        "fingerprint",
        "format",
        "header",
        "hint",
        "id",
        "ids",
        "index",
        "issuer",
        "kind",
        "len",
        "length",
        "limit",
        "manager",
        "ms",
        "name",
        "names",
        "path",
        "policy",
        "position",
        "prefix",
        "present",
        "provider",
        "ref",
        "refs",
        "required",
        "rotation",
        "scope",
        "scopes",
        "seconds",
        "set",
        "sha256",
        "size",
        "state",
        "status",
        "store",
        "suffix",
        "ttl",
        "type",
        "uri",
        "url",
        "usage",
        "used",
        "valid",
        "version",
        "window",
    ]
)
# Words before `token` in the cursors of lists, which let nobody in.
_CURSORS = {"next", "page", "continuation", "sync", "delta", "cursor", "pagination", "previous"}
_PLACEHOLDER = (
    r"\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Z_][A-Z0-9_]*|\{\{[^{}]*\}\}|\{[A-Za-z_.]*\}|<[^<>]*>|%s|%\([a-z_]+\)s"
    r"|\*+|x{3,}|X{3,}|\S{0,64}(?:\.\.\.|…)|\[redacted:[A-Za-z_-]+\]|vault://\S+|null|none|None|true|false"
)
# Most texts are none, as these tell at once.
_BEGIN_PLACEHOLDERS = frozenset("$%{<*xX[vnNtf")
_END_PLACEHOLDERS = frozenset(".…")
_MADE = r"[A-Za-z0-9+/=_.:-]{16,}"


@lru_cache(maxsize=4096)
def field_of(name: str) -> Field | None:
    """Return what a field's name says of its value, or None where it is no secret."""
    if len(name) > _LONGEST_NAME:
        return None
    words = [word.lower() for word in compiled(_WORD).findall(name)]
    if not words:
        return None
    if "_".join(words) in _PAKE:
        return Field("pake")
    if words[-1] in _TAILS:
        return None
    return _by_words(words) or _by_parts("".join(words)) or _weakly(words)


def hides(field: Field, value: Any) -> bool:
    """Return whether the value of a secret field has to be hidden."""
    if isinstance(value, str):
        return _hides_text(field, value)
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, bytes):
        return _hides_text(field, value.decode("latin-1"))
    if isinstance(value, int | float):
        is_pin = field.strength is DIGITS and value >= _SMALLEST_PIN
        return is_pin or field.kind == "password"
    if isinstance(value, Mapping | Collection):
        return field.strength is ANY and len(value) > 0
    return field.strength is ANY


def is_placeholder(text: str) -> bool:
    """Return whether a text only stands for a secret, as in documentation, or names where it is."""
    if text and text[0] not in _BEGIN_PLACEHOLDERS and text[-1] not in _END_PLACEHOLDERS:
        return False
    return not text or compiled(_PLACEHOLDER).fullmatch(text) is not None


def _hides_text(field: Field, text: str) -> bool:
    if is_placeholder(text):
        return False
    if field.strength is WEAK:
        return compiled(_MADE).fullmatch(text) is not None and not text.isalpha()
    # A fencing token is a small number; so is a count.
    return not (field.kind == "token" and text.isdigit() and len(text) < _SHORTEST_DIGITS)


def _by_words(words: list[str]) -> Field | None:
    for before, word in zip(["", *words], words, strict=False):
        if word == "key" and before in _KEYS:
            return Field(_KEYS[before])
        if word == "phrase" and before in _PHRASES:
            return Field("seed-phrase")
        if word in _WORDS and not (word == "token" and before in _CURSORS):
            return Field(_WORDS[word])
    if any(_is_pin(words, position) for position in range(len(words))):
        return Field("pin", DIGITS)
    return None


def _is_pin(words: list[str], position: int) -> bool:
    rest = words[position + 1 :]
    return words[position] in _PINS and (not rest or rest[0] in _PIN_TAILS or rest[0].isdigit())


def _by_parts(compact: str) -> Field | None:
    for part, kind in _PARTS.items():
        if part in compact:
            return Field(kind)
    for end, kind in _ENDS.items():
        stem = compact.removesuffix(end)
        if stem != compact and not any(stem.endswith(cursor) for cursor in _CURSORS):
            return Field(kind)
    return None


def _weakly(words: list[str]) -> Field | None:
    kind = _WEAK.get(words[-1])
    return Field(kind, WEAK) if kind else None
