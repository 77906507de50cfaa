"""What is done with dead letters."""

from tests.functions.invoke import dead_letter_high, dead_letter_low, dead_letter_normal, message
from tests.permissions.recorder import Recorder
from tests.permissions.tasks import a_prompt, resolved
from tests.support.world import World


def burying(world: World, record: Recorder) -> None:
    task = a_prompt(world)
    with record():
        dead_letter_high(message(task.ref))
        dead_letter_low("garbage")
    resolved(world, task.ref.id)
    with record():  # The incident is opened again.
        dead_letter_normal("garbage", message(task.ref))


FLOWS = (burying,)
