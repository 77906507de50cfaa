from dataclasses import replace
from typing import Any

import pytest

from chalicelib.background.task import Checkpoint
from chalicelib.providers import Answer, ToolCall, ToolResult, Turn
from chalicelib.runs.step import BrokenTranscript, Step, encode, first_link, step_key, transcript

RUN = "J-001795348800"


def steps(*checkpoints: tuple[int, int]) -> list[Step]:
    """Return steps made under these tokens and numbers, each linked to the one before."""
    made: list[Step] = []
    for token, seq in checkpoints:
        made.append(
            Step(
                run_id=RUN,
                checkpoint=Checkpoint(token, seq),
                previous=made[-1].key if made else "",
                previous_link=made[-1].link if made else first_link(RUN),
                at="2026-11-22T12:00:00Z",
                content=encode(Answer(f"{token}#{seq}")),
            )
        )
    return made


@pytest.mark.parametrize(
    "turn",
    [
        Answer("done"),
        ToolCall("system.health", {"deep": [1, {"a": None}]}),
        ToolResult("system.health", ok=False, content={"refused": "forbidden"}),
    ],
)
def test_a_turn_is_read_as_it_was_written(turn: Turn) -> None:
    (step,) = steps((1, 1))

    changed = replace(step, content=encode(turn))

    assert changed.turn == turn


def test_keys_sort_by_token_and_then_by_number() -> None:
    keys = [step_key(Checkpoint(token, seq)) for token, seq in [(1, 2), (1, 10), (2, 3), (10, 1)]]

    assert sorted(keys) == keys


def test_the_transcript_follows_the_links_from_the_checkpoint() -> None:
    first, second, third = steps((1, 1), (1, 2), (2, 3))

    assert transcript([third, first, second], Checkpoint(2, 3)) == [first, second, third]


def test_a_step_of_a_worker_that_lost_its_claim_is_not_read() -> None:
    first, zombie = steps((1, 1), (1, 2))
    _, rescuer = steps((1, 1), (2, 2))

    assert transcript([first, zombie, rescuer], Checkpoint(2, 2)) == [first, rescuer]


def test_a_run_without_a_checkpoint_has_no_transcript() -> None:
    assert transcript(steps((1, 1)), None) == []


def test_a_missing_step_is_not_passed_over() -> None:
    first, _, third = steps((1, 1), (1, 2), (1, 3))

    with pytest.raises(BrokenTranscript, match="step 000001#000002 is missing"):
        transcript([first, third], Checkpoint(1, 3))


def test_the_link_changes_with_every_part_of_a_step() -> None:
    (step,) = steps((1, 1))
    changes: dict[str, Any] = {
        "run_id": "other",
        "checkpoint": Checkpoint(1, 2),
        "previous_link": "0" * 64,
        "at": "2026-11-22T12:00:01Z",
        "content": encode(Answer("other")),
    }

    links = {replace(step, **{name: value}).link for name, value in changes.items()}

    assert len(links | {step.link}) == len(changes) + 1
