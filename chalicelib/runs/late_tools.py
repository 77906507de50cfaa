"""Tools that few runs call, as all runs know them: what such a tool needs is loaded when called."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.journal.query import FIELDS
from chalicelib.providers import ToolSpec
from chalicelib.runs.tools import Invocation, Tool

type Call = Callable[[Invocation], Mapping[str, Any]]

MOST_ENTRIES = 20
JOURNAL_SEARCH = ToolSpec(
    name="journal.search",
    effect="read",
    description=(
        f"The newest {MOST_ENTRIES} entries of the journal: who did what, when. Arguments, each "
        f"optional: {', '.join(FIELDS)} (from and until are RFC 3339), and cursor, to go on where "
        "an answer before ended."
    ),
)
NODE_INVOKE = ToolSpec(
    name="node.invoke",
    effect="write",
    description=(
        "Ask a node to do something that it was granted. Arguments: node (its id), capability "
        "(its name), arguments (an object), and optionally wait_seconds, until it has begun, and "
        "timeout_seconds, from there until it has answered."
    ),
)


def late(spec: ToolSpec, make: Callable[[], Call]) -> Tool:
    """Return an idempotent tool.

    Args:
        spec: what it is.
        make: imports and returns what makes its calls.
    """

    def call(invocation: Invocation) -> Mapping[str, Any]:
        return make()(invocation)

    return Tool(spec=spec, call=call, is_idempotent=True)
