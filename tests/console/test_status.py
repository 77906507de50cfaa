import re

import pytest

from chalicelib.background.task import CancelRequest, Outcome, State
from chalicelib.console import status
from chalicelib.console.status import Tone
from chalicelib.scheduler.job import JobState
from tests.console.site import ROOT
from tests.support.tasks import a_task
from tests.support.world import NOON

SPRITE = (ROOT / "chalicelib/console/templates/sprite.html").read_text()
DRAWN = set(re.findall(r'id="i-(\w+)"', SPRITE))


@pytest.mark.parametrize("state", State)
def test_a_run_of_every_state_has_a_word_and_a_drawn_icon(state: State) -> None:
    shown = status.of_firing(a_task(state=state, outcome=Outcome.FIRED))
    assert shown.word
    assert shown.icon in DRAWN


@pytest.mark.parametrize("outcome", [it for it in Outcome if it is not Outcome.HANDED])
def test_every_outcome_has_a_word_and_a_drawn_icon(outcome: Outcome) -> None:
    shown = status.of_firing(a_task(state=State.CLOSED, outcome=outcome))
    assert shown.word
    assert shown.icon in DRAWN


@pytest.mark.parametrize("state", JobState)
def test_a_job_of_every_state_is_called_by_it(state: JobState) -> None:
    shown = status.of_job(state)
    assert shown.word.lower() == state
    assert shown.icon in DRAWN


@pytest.mark.parametrize(
    ("state", "outcome", "word"),
    [
        (State.QUEUED, Outcome.HANDED, "Waiting"),
        (State.RUNNING, Outcome.HANDED, "Running"),
        (State.FAILED, Outcome.HANDED, "Failed"),
        (State.QUEUED, Outcome.FIRED, "Queued"),
        (State.CLOSED, Outcome.SKIPPED, "Skipped"),
        (State.CLOSED, Outcome.DENIED, "Denied"),
    ],
)
def test_a_slot_is_called_by_its_run_or_by_why_it_has_none(
    state: State, outcome: Outcome, word: str
) -> None:
    assert status.of_firing(a_task(state=state, outcome=outcome)).word == word


def test_a_run_that_was_asked_to_stop_is_stopping_until_it_has_ended() -> None:
    asked = CancelRequest(NOON, "enough")
    running = a_task(state=State.RUNNING, outcome=Outcome.FIRED, cancel=asked)
    ended = a_task(state=State.CANCELLED, outcome=Outcome.FIRED, cancel=asked)
    assert status.of_firing(running).word == "Stopping"
    assert status.of_firing(ended).word == "Cancelled"


def test_only_what_asks_for_a_person_is_bad() -> None:
    bad = {
        state
        for state in State
        if status.of_firing(a_task(state=state, outcome=Outcome.FIRED)).tone is Tone.BAD
    }
    assert bad == {State.FAILED, State.UNKNOWN}
