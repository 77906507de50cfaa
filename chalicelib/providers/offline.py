"""OfflineProvider: the embedded default, which needs no model and does not pretend to be one.

It calls every granted tool that only looks, in the order in which they were granted, and reports
what they returned. Its answer begins by saying so.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.providers.model import Answer, Conversation, ToolCall, ToolResult

_PREAMBLE = (
    "No model is configured, so nothing was interpreted; the granted read-only tools report:"
)
_NO_TOOLS = "No model is configured, and no read-only tool was granted: there is nothing to report."


class OfflineProvider:
    """A provider without a model."""

    name = "offline"
    deadline = timedelta(seconds=1)

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        """Call the next granted read-only tool, or report what all of them returned."""
        results = [turn for turn in conversation.turns if isinstance(turn, ToolResult)]
        tools = [tool.name for tool in conversation.tools if tool.effect == "read"]
        if len(results) < len(tools):
            return ToolCall(tools[len(results)])
        return Answer("\n".join([_PREAMBLE, *map(_report, results)]) if results else _NO_TOOLS)


def _report(result: ToolResult) -> str:
    facts = "; ".join(f"{name} = {value}" for name, value in _facts(result.content))
    return f"{result.tool}{'' if result.ok else ' (refused)'}: {facts}"


def _facts(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested content to dotted names; what is absent reads `none`."""
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _facts(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", "none" if value is None else value
