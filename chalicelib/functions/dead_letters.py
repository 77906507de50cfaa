"""What SQS calls for dead letters: the messages of each lane that no worker could take.

Each becomes an incident. One that cannot be written down fails the function after the others, and
SQS delivers all of them again: the message's id makes the repetition harmless.
"""

from chalice.app import Blueprint, SQSEvent

from chalicelib.background.task import Lane
from chalicelib.errors import Unavailable
from chalicelib.functions.failures import telling
from chalicelib.functions.observability import logger, measure, traced
from chalicelib.functions.wiring.container import Container, container
from chalicelib.functions.wiring.dead_letters import dead_letters as make_dead_letters
from chalicelib.settings import resource

dead_letters = Blueprint(__name__)

_BATCH = 10
_AT_ONCE = 2  # A flood of them must not take the functions away from the lanes. SQS's least.


@dead_letters.on_sqs_message(
    queue=resource(f"{Lane.HIGH}-dlq"), batch_size=_BATCH, maximum_concurrency=_AT_ONCE
)
@traced
@telling
def dead_letter_high(event: SQSEvent) -> None:
    """Raise incidents for what no worker of the high lane could take."""
    _bury_all(event, Lane.HIGH)


@dead_letters.on_sqs_message(
    queue=resource(f"{Lane.NORMAL}-dlq"), batch_size=_BATCH, maximum_concurrency=_AT_ONCE
)
@traced
@telling
def dead_letter_normal(event: SQSEvent) -> None:
    """Raise incidents for what no worker of the normal lane could take."""
    _bury_all(event, Lane.NORMAL)


@dead_letters.on_sqs_message(
    queue=resource(f"{Lane.LOW}-dlq"), batch_size=_BATCH, maximum_concurrency=_AT_ONCE
)
@traced
@telling
def dead_letter_low(event: SQSEvent) -> None:
    """Raise incidents for what no worker of the low lane could take."""
    _bury_all(event, Lane.LOW)


def _bury_all(event: SQSEvent, lane: Lane) -> None:
    messages = [(record.body, record.to_dict()["messageId"]) for record in event]
    of = container()
    measure({"DeadLetters": len(messages)}, lane=lane)
    kept = sum(not _bury(of, body, message_id, lane) for body, message_id in messages)
    if kept:
        raise Unavailable(f"{kept} of {len(messages)} dead letters could not be written down")


def _bury(of: Container, body: str, message_id: str, lane: Lane) -> bool:
    """Return whether it was buried."""
    try:
        make_dead_letters(of).bury(body, message_id, lane)
    except Exception:  # noqa: BLE001  one message must not keep the others
        logger.exception("a dead letter stays", extra={"message_id": message_id})
        return False
    return True
