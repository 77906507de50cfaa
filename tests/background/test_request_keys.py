import pytest

from chalicelib.access.idempotency import RequestKey
from chalicelib.background.service import Filter, Made, TaskDraft
from chalicelib.errors import Invalid
from chalicelib.runs import prompt
from tests.support.faults import before, every_transaction_repeated
from tests.support.tasks import OPERATOR
from tests.support.world import NOON, World

KEY = RequestKey("main", OPERATOR, "POST /v1/tasks", "k", "a")
PAYLOAD = {"prompt": "Look", "tools": []}


def make(world: World, key: RequestKey | None = KEY, **fields: object) -> Made:
    draft = TaskDraft(kind=prompt.KIND, payload=PAYLOAD, **fields)  # type: ignore[arg-type]
    return world.services.tasks.create("main", OPERATOR, draft, key)


def count(world: World) -> int:
    return len(world.services.tasks.list("main", None, Filter(), None, 10).items)


def test_the_same_request_makes_one_task(world: World) -> None:
    first, again = make(world), make(world)

    assert (first.is_new, again.is_new) == (True, False)
    assert again.task == first.task
    assert (count(world), world.messages()) == (1, 1)


def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    make(world)

    with pytest.raises(Invalid, match="another body"):
        make(world, KEY._replace(body_sha256="b"))
    assert count(world) == 1


def test_a_repeat_is_answered_although_it_would_be_refused_by_now(world: World) -> None:
    expires_at = NOON.replace(minute=1)
    first = make(world, expires_at=expires_at)
    world.at(2)

    assert make(world, expires_at=expires_at).task.ref == first.task.ref


def test_two_at_once_make_one_task(world: World) -> None:
    made = []

    with before("TransactWriteItems", "", lambda: made.append(make(world))):
        made.append(make(world))

    assert [each.is_new for each in made] == [True, False]
    assert made[0].task.ref == made[1].task.ref
    assert count(world) == 1


def test_a_key_that_met_a_dedupe_key_leads_to_its_task(world: World) -> None:
    first = make(world, None, dedupe_key="daily")

    assert make(world, dedupe_key="daily").task == first.task
    assert make(world).task == first.task
    with pytest.raises(Invalid, match="another body"):
        make(world, KEY._replace(body_sha256="b"))


def test_a_lost_reply_makes_one_task(world: World) -> None:
    with every_transaction_repeated():
        make(world)

    assert count(world) == 1
