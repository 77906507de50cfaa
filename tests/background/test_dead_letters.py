import hashlib
from datetime import timedelta

import pytest

from chalicelib.background.dead_letters import DeadLetters
from chalicelib.background.queue import encode
from chalicelib.background.store import End, NewTask, WorkStore
from chalicelib.background.task import Outcome, State, Task, TaskRef, slot_key
from chalicelib.incidents.incident import RuntimeIncidentRecord, incident_id
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.incidents.store import IncidentStore
from tests.support.world import NOON, World

MESSAGE = "059f36b4-87a3-44ab-83d2-661975830a7d"
REF = TaskRef("main#J1", slot_key(NOON))


@pytest.fixture
def dead_letters(world: World) -> DeadLetters:
    work = WorkStore(timedelta(minutes=1), timedelta(days=1))
    return DeadLetters(work=work, incidents=IncidentStore(), clock=world.clock)


def queued(work: WorkStore) -> Task:
    return work.put(
        NewTask(
            ref=REF,
            kind="firing",
            lane="normal",
            shard=0,
            last_attempt=2,
            last=REF.sk,
            wake_at=NOON,
            created_at=NOON,
        )
    )


def ended(work: WorkStore) -> None:
    task = work.claim(queued(work).ref, "claim", NOON)
    work.end(task, End(State.SUCCEEDED, Outcome.FIRED, ""), NOON)


def raised(of: DeadLetters, key: str = REF.id, owner: str = "main") -> RuntimeIncidentRecord | None:
    return of.incidents.get(owner, incident_id(owner, IncidentDomain.QUEUE, key))


def key_of(body: str) -> str:
    return "unreadable-" + hashlib.sha256(body.encode()).hexdigest()[:12]


def test_the_letter_of_an_open_task_is_an_incident_that_says_how_the_task_stands(
    dead_letters: DeadLetters,
) -> None:
    queued(dead_letters.work)
    dead_letters.bury(encode(REF), MESSAGE, "normal")
    incident = raised(dead_letters)
    assert incident is not None
    assert incident.severity is IncidentSeverity.HIGH
    assert incident.evidence == {
        "lane": "normal",
        "message_id": MESSAGE,
        "kind": "firing",
        "state": "queued",
        "attempt": "1 of 3",
    }
    assert incident.related == (REF.id, "J1")


def test_an_incident_of_an_open_task_says_that_the_sweep_goes_on_looking_after_it(
    dead_letters: DeadLetters,
) -> None:
    queued(dead_letters.work)
    dead_letters.bury(encode(REF), MESSAGE, "normal")
    incident = raised(dead_letters)
    assert incident is not None
    assert "sweep" in incident.detail


def test_burying_a_letter_leaves_the_task_as_it_is(dead_letters: DeadLetters) -> None:
    task = queued(dead_letters.work)
    dead_letters.bury(encode(REF), MESSAGE, "normal")
    assert dead_letters.work.get(REF) == task


def test_the_letter_of_a_task_that_has_ended_was_only_late(dead_letters: DeadLetters) -> None:
    ended(dead_letters.work)
    dead_letters.bury(encode(REF), MESSAGE, "normal")
    assert raised(dead_letters) is None


def test_the_letter_of_no_task_is_an_incident_that_promises_nothing(
    dead_letters: DeadLetters,
) -> None:
    dead_letters.bury(encode(REF), MESSAGE, "high")
    incident = raised(dead_letters)
    assert incident is not None
    assert incident.severity is IncidentSeverity.HIGH
    assert "sweep" not in incident.detail


def test_a_letter_that_is_delivered_again_counts_once(dead_letters: DeadLetters) -> None:
    queued(dead_letters.work)
    for _ in range(2):
        dead_letters.bury(encode(REF), MESSAGE, "normal")
    incident = raised(dead_letters)
    assert incident is not None
    assert incident.count == 1


def test_another_letter_of_the_same_task_is_the_same_incident_again(
    dead_letters: DeadLetters,
) -> None:
    queued(dead_letters.work)
    for message_id in ("first", "second"):
        dead_letters.bury(encode(REF), message_id, "normal")
    incident = raised(dead_letters)
    assert incident is not None
    assert incident.count == 2


def test_the_incident_belongs_to_the_owner_of_the_task(dead_letters: DeadLetters) -> None:
    ref = TaskRef("other#J1", REF.sk)
    dead_letters.bury(encode(ref), MESSAGE, "normal")
    assert raised(dead_letters, ref.id, owner="other") is not None
    assert raised(dead_letters, ref.id, owner="main") is None


@pytest.mark.parametrize(
    "body",
    ["", "garbage", '{"pk": "main#J1"}', "\ud800", "\0", "x" * 100_000, "[" * 100_000],
    ids=lambda body: ascii(body[:20]),
)
def test_a_letter_that_cannot_be_read_is_the_systems_incident(
    dead_letters: DeadLetters, body: str
) -> None:
    dead_letters.bury(body, MESSAGE, "low")
    (incident,) = dead_letters.incidents.active("system", None, 10).items
    assert (incident.severity, incident.domain) == (
        IncidentSeverity.MEDIUM,
        IncidentDomain.QUEUE,
    )
    assert 0 < len(incident.evidence["body"]) <= 200


def test_what_is_shown_of_a_body_has_no_control_characters(dead_letters: DeadLetters) -> None:
    body = "\x1b[31mred\n"
    dead_letters.bury(body, MESSAGE, "low")
    incident = raised(dead_letters, key_of(body), owner="system")
    assert incident is not None
    assert incident.evidence["body"] == r"'\x1b[31mred\n'"


def test_different_bodies_are_different_incidents(dead_letters: DeadLetters) -> None:
    for body in ("one", "two"):
        dead_letters.bury(body, body, "low")
    assert len(dead_letters.incidents.active("system", None, 10).items) == 2
