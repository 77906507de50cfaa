"""What SQS calls: a worker for each lane.

A worker returns nothing: Chalice cannot switch on partial batch responses, and a list of failures
would delete their messages. A message that makes no sense is logged and dropped, since no delivery
of it could end otherwise.
"""

from chalice.app import Blueprint, SQSEvent

from chalicelib.background.queue import decode
from chalicelib.errors import Malformed
from chalicelib.functions.observability import logger, traced
from chalicelib.functions.wiring.container import container
from chalicelib.functions.wiring.workers import worker
from chalicelib.settings import resource

queues = Blueprint(__name__)


@queues.on_sqs_message(queue=resource("normal"), batch_size=1, maximum_concurrency=8)
@traced
def worker_normal(event: SQSEvent) -> None:
    """Carry out the task that a message points to."""
    for record in event:
        try:
            ref = decode(record.body)
        except Malformed:
            logger.exception("a message was dropped")
            continue
        logger.set_correlation_id(ref.run_id)
        worker(container()).handle(ref)
