from typing import Any

import pytest

from chalicelib.errors import Invalid
from chalicelib.providers import ToolCall, ToolResult
from chalicelib.redaction import refuse_secrets
from tests.redaction.canaries import canaries
from tests.redaction.sinks import Place, ran
from tests.support.world import World

GITHUB = next(canary.secret for canary in canaries() if canary.kind == "github-classic")


@pytest.mark.parametrize(
    ("content", "field", "detail"),
    [
        (f"use {GITHUB}", "x", "it holds a secret (github-token) at character 5"),
        ({"a": [{"b": f"{GITHUB}"}]}, "x.a.0.b", "it holds a secret (github-token) at character 1"),
        ({"password": "hunter2"}, "x.password", "a field of this name holds a secret (password)"),
        ({GITHUB: 1}, "x", "x holds a secret"),
    ],
)
def test_a_secret_is_refused_by_its_place_and_class(content: Any, field: str, detail: str) -> None:
    with pytest.raises(Invalid) as refused:
        refuse_secrets("x", content)
    (fault,) = refused.value.faults
    assert (fault.field, fault.detail) == (field, detail)
    assert fault.fix


@pytest.mark.parametrize("content", ["Summarize health", {"tools": ["system.health"], "token": 7}])
def test_what_holds_no_secret_is_taken(content: Any) -> None:
    refuse_secrets("x", content)


def test_a_call_whose_arguments_held_a_secret_is_not_made(world: World) -> None:
    ran(Place(world), GITHUB)

    turns = _turns(world)
    asked = [turn.arguments for turn in turns if isinstance(turn, ToolCall)]
    answered = [turn for turn in turns if isinstance(turn, ToolResult)]
    assert asked == [{"about": "all"}, {"about": "[redacted:github-token]"}]
    assert [(turn.ok, list(turn.content)) for turn in answered] == [
        (True, ["seen"]),
        (False, ["refused"]),
    ]


def _turns(world: World) -> list[Any]:
    (header,) = world.services.transcripts.list("main", None, None, 10).items
    view = world.services.transcripts.view("main", header.run_id)
    return [step.turn for step in view.steps]
