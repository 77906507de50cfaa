from datetime import timedelta

import pytest

from chalicelib.access.idempotency import RequestKey
from chalicelib.errors import Invalid
from chalicelib.scheduler.service import Draft, MadeJob
from tests.scheduler.operating import ACTOR, Operator, request_key
from tests.support.faults import before, every_transaction_repeated
from tests.support.world import World


def make(operator: Operator, key: RequestKey | None, every: str = "1h") -> MadeJob:
    draft = Draft(name="health", schedule=operator.schedule(every=every), prompt="Look", tools=[])
    return operator.jobs.create(key.owner if key else "main", ACTOR, draft, key)


def test_the_same_request_makes_one_job(world: World, operator: Operator) -> None:
    first = make(operator, request_key())
    world.at(1)

    again = make(operator, request_key())

    assert (first.is_new, again.is_new) == (True, False)
    assert again.job.id == first.job.id
    assert len(world.events("job.created")) == 1


def test_another_body_under_the_same_key_is_refused(operator: Operator) -> None:
    make(operator, request_key("a"))

    with pytest.raises(Invalid) as invalid:
        make(operator, request_key("b"))
    assert [fault.field for fault in invalid.value.faults] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "other",
    [
        request_key(key="another"),
        request_key(actor="token:another"),
        request_key(owner="other"),
        request_key(route="POST /v1/tasks"),
    ],
)
def test_a_key_is_its_actors_and_its_routes(operator: Operator, other: RequestKey) -> None:
    make(operator, request_key())

    assert make(operator, other).is_new


def test_without_a_key_each_request_makes_one(operator: Operator) -> None:
    assert make(operator, None).job.id != make(operator, None).job.id


def test_a_key_is_forgotten_after_thirty_days(world: World, operator: Operator) -> None:
    first = make(operator, request_key("a"))
    world.clock.move(timedelta(days=30))

    again = make(operator, request_key("b"))

    assert again.is_new
    assert again.job.id != first.job.id
    assert make(operator, request_key("b")).job.id == again.job.id


def test_two_at_once_make_one_job(world: World, operator: Operator) -> None:
    made = []

    with before("TransactWriteItems", "", lambda: made.append(make(operator, request_key()))):
        made.append(make(operator, request_key()))

    assert [each.is_new for each in made] == [True, False]
    assert made[0].job.id == made[1].job.id
    assert len(operator.jobs.list("main", None, 10).items) == 1
    assert len(world.events("job.created")) == 1


@pytest.mark.parametrize("key", [request_key(), None])
def test_a_lost_reply_makes_one_job(
    world: World, operator: Operator, key: RequestKey | None
) -> None:
    with every_transaction_repeated():
        made = make(operator, key, "60s")

    assert made.is_new
    assert [job.id for job in operator.jobs.list("main", None, 10).items] == [made.job.id]
    assert list(world.ledger(made.job)) == ["12:01:00", "12:02:00"]


def test_a_repeat_is_answered_with_a_job_that_was_deleted_meanwhile(operator: Operator) -> None:
    job = make(operator, request_key()).job
    operator.delete(job)

    assert make(operator, request_key()).job.state == "deleted"


def test_what_was_refused_uses_no_key(operator: Operator) -> None:
    draft = Draft(
        name="x", schedule=operator.schedule(every="1h"), prompt="Look", tools=["no.such"]
    )
    with pytest.raises(Invalid, match="no tool"):
        operator.jobs.create("main", ACTOR, draft, request_key("a"))

    assert make(operator, request_key("b")).is_new
