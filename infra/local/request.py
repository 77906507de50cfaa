"""What a request must be before the front looks for its route: valid HTTP, for this host.

The server's own parser lets much through that cannot be forwarded, or that the next one would read
differently.
"""

import re
from email.message import Message
from http import HTTPStatus

from infra.local.place import LOOPBACK
from infra.local.problem import Problem, malformed

_LARGEST_BODY = 10 * 1024 * 1024  # API Gateway's.
_LONGEST_LENGTH = 18
_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
# A path as a URL has it; in the query, what browsers leave as it is may stay so.
_TARGET = re.compile(r"/(?:[!$&-;=@-\[\]_a-z~]|%[0-9A-Fa-f]{2})*(?:\?[!\"$-~]*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def check(version: str, target: str, headers: Message, largest: int = _LARGEST_BODY) -> None:
    """Refuse what is no request to this front.

    Args:
        version: of HTTP, as it was sent.
        target: path and query, as they were sent.
        headers: as the server's parser has read them.
        largest: how many bytes the body may have.

    Raises:
        Problem: with what is wrong, and the fix.
    """
    if not version.startswith("HTTP/1."):
        raise malformed(f"{version} is not served here", "use HTTP/1.1")
    _check_headers(headers)
    _check_host(headers)
    if not _TARGET.fullmatch(target):
        raise malformed(
            "The path is not a URL's", "begin it with /, and encode what a URL may not hold"
        )
    if "Transfer-Encoding" in headers:
        detail = "The body comes in pieces of unknown length"
        raise Problem(HTTPStatus.LENGTH_REQUIRED, detail, "send it whole, with a Content-Length")
    if body_length(headers) > largest:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body has more than {largest} bytes",
            "send a smaller one: the API takes 320 KB",
        )


def body_length(headers: Message) -> int:
    """Return how many bytes the body has.

    Raises:
        Problem: the header does not say it.
    """
    text = headers.get("Content-Length", "0")
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_LENGTH:
        return int(text)
    raise malformed(f"Content-Length is {text!r:.40}", "give the number of bytes of the body")


def _check_headers(headers: Message) -> None:
    if headers.defects or headers.get_payload():
        raise malformed("The headers cannot be read", "send one `Name: value` on each line")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise malformed(
                f"The header {name!r:.40} is not a header's", "use visible characters on one line"
            )
    for name in ("Host", "Content-Length"):
        if len(headers.get_all(name, [])) > 1:
            raise malformed(f"There is more than one {name}", "send one")


def _check_host(headers: Message) -> None:
    sent = headers.get("Host", "")
    host = re.sub(r":[0-9]*$", "", sent)
    if host not in _OWN_HOSTS:
        raise Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            f"This front answers for {LOOPBACK} and localhost only, not for {sent!r:.80}",
            f"use {LOOPBACK} and the port of this front",
        )
