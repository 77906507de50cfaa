"""Words: what a text is made of between spaces and quotes, to see quickly what it cannot hold."""

from collections.abc import Sequence

from chalicelib.redaction.patterns import compiled

# No token is shorter.
_SHORTEST = 14
# No token is as long, and in one as long there is nothing to tell one by.
_LONGEST = 4096
# A digest in hexadecimal digits has as many characters.
_DIGEST = 64
_QUOTES = "\"'<>`"
_BASE64 = r"(?:data:[a-z0-9.+/-]{1,64};base64,)?+[A-Za-z0-9+/]+={0,2}"


def long_words(text: str) -> Sequence[str]:
    """Return the words of a text that are long enough to hold a token."""
    for quote in _QUOTES:
        text = text.replace(quote, " ")
    words = text.split()
    return [word for word in words if len(word) >= _SHORTEST]


def may_hold(word: str, begins: tuple[str, ...]) -> bool:
    """Return whether a word may hold a token: ids, digests and images in Base64 do not.

    Args:
        word: the word.
        begins: how tokens begin that are nothing but letters and digits; none stands inside others.
    """
    if len(word) > _LONGEST:
        return compiled(_BASE64).fullmatch(word) is None
    return len(word) > _DIGEST or not word.isalnum() or word.startswith(begins)
