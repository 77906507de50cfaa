"""Texts and payloads as they are given on a command line: itself, `@file`, or `-` for stdin."""

import json
import sys
from pathlib import Path
from typing import Any

import click


class Words(click.ParamType[str]):
    """A text; the API says whether it is one that fits."""

    name = "TEXT|@FILE|-"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text."""
        try:
            return _text(value)
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            self.fail(f"{value} is not text in UTF-8", param, ctx)


class File(click.ParamType[str]):
    """What is in a file, or `-` for stdin: for texts that may begin with an @ themselves."""

    name = "FILE|-"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the file's text."""
        try:
            return _text(value if value == "-" else f"@{value}")
        except OSError as error:
            self.fail(f"{value} cannot be read: {error.strerror}", param, ctx)
        except UnicodeDecodeError:
            self.fail(f"{value} is not text in UTF-8", param, ctx)


class Payload(click.ParamType[Any]):
    """A JSON document; the API says whether it is one that fits."""

    name = "JSON|@FILE|-"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the document."""
        try:
            return json.loads(_text(value))
        except OSError as error:
            self.fail(f"{value[1:]} cannot be read: {error.strerror}", param, ctx)
        except (ValueError, RecursionError) as error:
            self.fail(f"it is not JSON: {error}", param, ctx)


def _text(value: str) -> str:
    if value == "-":
        return sys.stdin.read()
    return Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
