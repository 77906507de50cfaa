"""Patterns, compiled when they are first needed: an import pays for none."""

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern, compiled once in a process."""
    return re.compile(pattern)
