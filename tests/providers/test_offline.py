from typing import Any

from chalicelib.providers.model import Answer, Conversation, ToolCall, ToolResult, ToolSpec, Turn
from chalicelib.providers.offline import OfflineProvider

LOOK = ToolSpec("look", "read", "Looks.")
WATCH = ToolSpec("watch", "read", "Watches.")
WRITE = ToolSpec("write", "write", "Writes.")


def reply(tools: list[ToolSpec], *turns: Turn) -> ToolCall | Answer:
    conversation = Conversation(prompt="Summarize health", tools=tools, turns=turns)
    return OfflineProvider().reply(conversation)


def called(tool: ToolSpec, content: dict[str, Any], *, ok: bool = True) -> tuple[Turn, Turn]:
    return ToolCall(tool.name), ToolResult(tool.name, ok=ok, content=content)


def answer(tools: list[ToolSpec], *turns: Turn) -> str:
    answered = reply(tools, *turns)
    assert isinstance(answered, Answer)
    return answered.text


def test_it_calls_the_first_granted_tool_first() -> None:
    assert reply([LOOK, WATCH]) == ToolCall("look")
    assert reply([WATCH, LOOK]) == ToolCall("watch")


def test_it_calls_the_next_tool_after_each_result() -> None:
    assert reply([LOOK, WATCH], *called(LOOK, {})) == ToolCall("watch")


def test_it_calls_no_tool_that_does_more_than_look() -> None:
    assert reply([WRITE, LOOK]) == ToolCall("look")
    assert isinstance(reply([WRITE, LOOK], *called(LOOK, {})), Answer)


def test_it_reports_what_each_tool_returned_in_order() -> None:
    text = answer([LOOK, WATCH], *called(LOOK, {"depth": 3}), *called(WATCH, {"age": 7}))
    assert text.splitlines()[1:] == ["look: depth = 3", "watch: age = 7"]


def test_it_says_first_that_no_model_was_used() -> None:
    assert answer([LOOK], *called(LOOK, {})).startswith("No model is configured")


def test_it_shows_nested_facts_by_their_dotted_names() -> None:
    text = answer([LOOK], *called(LOOK, {"lanes": {"normal": {"waiting": 2}}, "active": 0}))
    assert text.endswith("look: lanes.normal.waiting = 2; active = 0")


def test_it_says_none_of_what_is_absent() -> None:
    assert answer([LOOK], *called(LOOK, {"last_tick": None})).endswith("last_tick = none")


def test_it_shows_that_a_tool_was_refused_and_why() -> None:
    text = answer([LOOK], *called(LOOK, {"refused": "tool.not_granted"}, ok=False))
    assert text.endswith("look (refused): refused = tool.not_granted")


def test_it_goes_on_after_a_refused_tool() -> None:
    assert reply([LOOK, WATCH], *called(LOOK, {}, ok=False)) == ToolCall("watch")


def test_without_tools_it_says_that_there_is_nothing_to_report() -> None:
    assert answer([]).endswith("nothing to report.")
    assert "No model is configured" in answer([WRITE])


def test_it_is_named_for_what_it_is() -> None:
    assert OfflineProvider().name == "offline"
