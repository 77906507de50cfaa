"""Logs and metrics: JSON lines, which Lambda keeps and CloudWatch reads.

Lines carry one correlation id from the tick over the queue to the run: the run's own, which is
derived from job and slot, so that every line about a slot carries it, whoever writes it. Triggers
that Lambda calls bypass app.py, so what they need around them are decorators on each of them.
Rooms log with the standard library, below the logger `palyra`, whose formatter redacts every line.
They know of no metrics: what is
measured is what their use cases return. docs/alarms.md says what watches the metrics.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from chalicelib.errors import InvalidSettings
from chalicelib.redaction import redact, redact_text
from chalicelib.settings import stage

NAMESPACE = "Palyra"
_SERVICE = "palyra"


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Formats every line of Palyra's loggers as JSON, without the secrets in it."""

    def __init__(self, **options: Any) -> None:
        # What JSON does not know is told as text, by its own method: its secrets are found then.
        super().__init__(json_default=lambda each: redact_text(str(each)), **options)

    def serialize(self, log: Any) -> str:
        """Return a line's fields as JSON."""
        return super().serialize(redact(log))


class FunctionFailed(Exception):
    """A function failed, and what it failed with would have told a secret."""


logger = Logger(service=_SERVICE, logger_formatter=RedactingFormatter(service=_SERVICE))


def measure(values: Mapping[str, float], **dimensions: str) -> None:
    """Print metrics of this stage in CloudWatch's embedded metric format: one line, no call to AWS.

    Args:
        values: by the name of the metric; names end in their unit, or are counts.
        dimensions: what tells them from others of the same names, besides the stage.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service=_SERVICE)
    for dimension, of in {"stage": stage(), **dimensions}.items():
        metrics.add_dimension(dimension, redact_text(of))
    for name, value in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name, unit, value)
    metrics.flush_metrics()


def traced[T](function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Log the invocation's id with every line, and what went wrong before it is raised.

    What is raised is written into the log once more, by Lambda itself: a secret in it is redacted.
    """

    @wraps(function)
    def handler(event: Any) -> T:
        logger.append_keys(request_id=getattr(event.context, "aws_request_id", None))
        try:
            return function(event)
        except Exception as error:
            logger.exception("the function failed")
            told = redact_text(str(error))
            if told != str(error):
                raise FunctionFailed(f"{type(error).__name__}: {told}") from None
            raise
        finally:
            logger.clear_state()

    return handler


def idle_under_bad_settings[**P](
    function: Callable[P, dict[str, int]],
) -> Callable[P, dict[str, int]]:
    """Let a function that a clock starts do nothing while a setting is bad.

    Failing would mend nothing: Lambda would only try twice more. The metric of whoever read the
    settings raises the alarm.
    """

    @wraps(function)
    def idling(*args: P.args, **kwargs: P.kwargs) -> dict[str, int]:
        try:
            return function(*args, **kwargs)
        except InvalidSettings as error:
            logger.error(  # noqa: TRY400  the trace of a setting's reading says nothing
                "nothing is done: a setting is not valid",
                extra={"settings": [fault.field for fault in error.faults], "why": error.detail},
            )
            return {}

    return idling


def measuring_bad_settings[**P, T](read: Callable[P, T]) -> Callable[P, T]:
    """Measure each time that settings are read and refused, whichever function reads them."""

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except InvalidSettings:
            measure({"InvalidSettings": 1})
            raise

    return reading
