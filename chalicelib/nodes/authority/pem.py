"""PEM as it comes from outside: one block of one kind, no longer than it has reason to be."""

import base64
import binascii
import re

from chalicelib.errors import Invalid

_BLOCK = re.compile(
    r"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----[ \t]*\r?\n"
    r"((?:[A-Za-z0-9+/]{1,76}={0,2}[ \t]*\r?\n){1,200})"
    r"-----END \1-----\s*"
)


def one_block(text: object, kind: str, largest: int, field: str) -> bytes:
    """Return the content of the one block that a text consists of.

    Args:
        text: the PEM.
        kind: what the block must be, as `CERTIFICATE`.
        largest: how many characters the text may have.
        field: what it is called where it is refused.

    Raises:
        Invalid: it is no text, too long, not one block of this kind, or not base64.
    """
    fix = f"send exactly one PEM block, BEGIN {kind}, of at most {largest} characters"
    if not isinstance(text, str) or not text:
        raise Invalid("there is no PEM block", field=field, fix=fix)
    if len(text) > largest:
        raise Invalid(f"it has more than {largest} characters", field=field, fix=fix)
    # The form is checked whole, so that nothing can stand before, between or behind.
    found = _BLOCK.fullmatch(text)
    if found is None:
        raise Invalid("it is not one PEM block", field=field, fix=fix)
    if found[1] != kind:
        raise Invalid(f"the block is not a {kind}", field=field, fix=fix)
    try:
        return base64.b64decode("".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise Invalid("the block is not base64", field=field, fix=fix) from error
