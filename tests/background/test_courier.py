import boto3
import pytest

from chalicelib.background.courier import Courier
from chalicelib.background.task import TaskRef, slot_key
from chalicelib.errors import Unavailable
from tests.support.tasks import PACE, SECOND, a_task
from tests.support.world import NOON, World


@pytest.fixture
def courier(world: World) -> Courier:
    return world.services.worker.courier


def depths(world: World, lane: str = "normal") -> dict[str, int]:
    return world.services.worker.courier.lanes[lane].depths()


def test_a_task_that_is_due_is_sent_at_once(world: World, courier: Courier) -> None:
    assert courier.send(a_task())
    assert depths(world)["waiting"] == 1


def test_a_message_goes_into_its_tasks_lane(world: World, courier: Courier) -> None:
    courier.send(a_task(lane="high"))

    assert (depths(world, "high")["waiting"], world.messages()) == (1, 1)


def test_a_task_that_is_due_soon_is_sent_with_a_delay(world: World, courier: Courier) -> None:
    assert courier.send(a_task(not_before=NOON + PACE.horizon))
    assert depths(world) == {"waiting": 0, "in_flight": 0, "delayed": 1}


def test_a_task_that_is_due_later_waits_in_the_index(world: World, courier: Courier) -> None:
    assert not courier.send(a_task(not_before=NOON + PACE.horizon + SECOND))
    assert world.messages() == 0


def test_a_slot_is_not_sent_before_the_horizon(world: World, courier: Courier) -> None:
    slot = NOON + PACE.horizon + SECOND

    assert not courier.send(a_task(ref=TaskRef("main#J", slot_key(slot))))
    assert world.messages() == 0


def test_an_sqs_that_does_not_answer_is_said_so(courier: Courier) -> None:
    lane = courier.lanes["normal"]
    boto3.client("sqs").delete_queue(QueueUrl=lane._url)

    with pytest.raises(Unavailable):
        courier.send(a_task())
