"""Idempotency keys: what makes it safe to give an order twice."""

from collections.abc import Callable
from typing import Any

import click

_MOST_CHARACTERS = 255


def asks_key(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--idempotency-key`; it gets `key`."""
    return click.option(
        "--idempotency-key",
        "key",
        metavar="KEY",
        callback=_sendable,
        help="Names the order: given again it returns what it made. A random one otherwise.",
    )(command)


def _sendable(_context: click.Context, _parameter: click.Parameter, key: str | None) -> Any:
    """Refuse what a header cannot carry."""
    if key is None:
        return None
    is_visible = all("!" <= character <= "~" for character in key)
    if not is_visible or not 0 < len(key) <= _MOST_CHARACTERS:
        raise click.BadParameter(f"use 1 to {_MOST_CHARACTERS} visible ASCII characters")
    return key
