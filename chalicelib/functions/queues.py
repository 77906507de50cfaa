"""What SQS calls for tasks: a worker for each lane, all with one body.

A worker returns nothing: Chalice cannot switch on partial batch responses, and a list of failures
would delete their messages. A message that makes no sense is logged and dropped, since no delivery
of it could end otherwise.
"""

from datetime import timedelta
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.background.queue import decode
from chalicelib.background.task import Lane
from chalicelib.errors import Malformed
from chalicelib.functions.deadline import stop_at
from chalicelib.functions.failures import telling
from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.workers import worker
from chalicelib.settings import resource

queues = Blueprint(__name__)

TIMEOUT = timedelta(seconds=300)  # Of each worker, as .chalice/config.json says.
# Lambda ends a process without a word. Before that, a worker that has to stop writes its last
# checkpoint, puts the task back and sends its message: three calls, each repeated once or twice.
MARGIN = timedelta(seconds=20)


def _source(lane: Lane) -> dict[str, Any]:
    return {"queue": resource(lane), "batch_size": 1, "maximum_concurrency": lane.workers}


@queues.on_sqs_message(**_source(Lane.HIGH))
@traced
@telling
def worker_high(event: SQSEvent) -> None:
    """Carry out the task that a message of the high lane points to."""
    _carry_out(event, Lane.HIGH)


@queues.on_sqs_message(**_source(Lane.NORMAL))
@traced
@telling
def worker_normal(event: SQSEvent) -> None:
    """Carry out the task that a message of the normal lane points to."""
    _carry_out(event, Lane.NORMAL)


@queues.on_sqs_message(**_source(Lane.LOW))
@traced
@telling
def worker_low(event: SQSEvent) -> None:
    """Carry out the task that a message of the low lane points to."""
    _carry_out(event, Lane.LOW)


def _carry_out(event: SQSEvent, lane: Lane) -> None:
    until = stop_at(event.context, container().clock, TIMEOUT, MARGIN)
    for record in event:
        try:
            ref = decode(record.body)
        except Malformed:
            logger.exception("a message was dropped")
            continue
        logger.set_correlation_id(ref.run_id)
        worker(container(), lane).handle(ref, until)
