"""Whether a word looks like a secret: for places where a secret or an ordinary word may stand."""

from chalicelib.redaction.fields import is_placeholder
from chalicelib.redaction.patterns import compiled

_SHORTEST = 6
_LONG = 24
_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_INSTANT = r"[0-9][0-9:.TZ+/-]*"
_ORDINARY = f"{_PATH}|{_INSTANT}"
_NAMED = r"(?i:pass|pwd|secret|token|key|auth|cred|cookie|pin|user)"
_SYMBOLS = frozenset("!@#$%^&*~")


def looks_secret(word: str) -> bool:
    """Return whether a word is more likely a secret than a name, a number or a part of a text."""
    if len(word) < _SHORTEST or is_placeholder(word):
        return False
    if compiled(_ORDINARY).fullmatch(word) or compiled(_NAMED).match(word):
        return False
    letters = any(map(str.isalpha, word))
    digits = any(map(str.isdigit, word))
    return letters and (digits or not _SYMBOLS.isdisjoint(word) or _is_mixed(word))


def looks_random(word: str) -> bool:
    """Return whether a long run of characters is more likely made by a machine than written."""
    if word.endswith("...") or not any(map(str.isalpha, word)):
        return False
    return any(map(str.isdigit, word)) or _is_mixed(word)


def _is_mixed(word: str) -> bool:
    return len(word) >= _LONG and not word.islower() and not word.isupper()
