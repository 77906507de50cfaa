"""Rendering: view data into HTML.

Whatever a page shows is escaped, and a name that a template misspells is an error, not a blank.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.clock import rfc3339
from chalicelib.console import words
from chalicelib.console.assets import asset

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "templates"


def render(template: str, root: str, **data: Any) -> str:
    """Return a page.

    Args:
        template: its name, without `.html`.
        root: the relative path from the page to the console's first page.
        data: what the template names.
    """
    return _environment().get_template(f"{template}.html").render(root=root, **data)


@cache
def _environment() -> "Environment":
    # Importing it takes longer than answering a request of the API, which needs no page.
    import jinja2  # noqa: PLC0415  only a page pays for it

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "rfc3339": rfc3339,
        "instant": words.instant,
        "clock": words.clock,
        "local": words.local,
        "duration": words.duration,
        "excerpt": words.excerpt,
        "count": words.count,
    }
    made.globals["asset"] = _address
    return made


def _address(name: str) -> str:
    return f"static/{name}?v={asset(name).version}"
