"""`/v1/routines`, and `/v1/jobs`: the same resource, there restricted to schedules.

A job is a routine whose trigger is a schedule: one row, one id. Each order is one function that
answers under both paths, by the same permissions and under the same idempotency keys. What is
different is told here: a routine names its trigger, and is made and changed by it.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint, Request
from pydantic import BaseModel

from chalicelib.errors import Fault, Invalid
from chalicelib.functions.http import body, job_views, views
from chalicelib.functions.http.models import JobChange, NewJob, NewRoutine, RoutineChange, Triggered

JOBS, ROUTINES = "/v1/jobs", "/v1/routines"
SHAPES: Mapping[Any, Any] = {
    job_views.Job: job_views.Routine,
    views.Page[job_views.Job]: views.Page[job_views.Routine],
    NewJob: NewRoutine,
    JobChange: RoutineChange,
}
EXAMPLE = '{"type": "schedule", "schedule": {"every": "60s"}}'
_JOB = re.compile(r"\bjob(?=s?\b)")


def both[View: Callable[..., Any]](
    blueprint: Blueprint, method: str, below: str = ""
) -> Callable[[View], View]:
    """Register a function for a path of jobs, and for the same one of routines.

    Args:
        blueprint: where.
        method: of the request.
        below: the rest of the path.
    """

    def register(view: View) -> View:
        for family in (JOBS, ROUTINES):
            blueprint.route(f"{family}{below}", methods=[method])(view)
        return view

    return register


def family(request: Request) -> str:
    """Return the path that a request was made below: what it is answered with stays there."""
    return ROUTINES if is_of_routines(request.path) else JOBS


def is_of_routines(path: str) -> bool:
    """Return whether a path is one of routines."""
    return path == ROUTINES or path.startswith(f"{ROUTINES}/")


def read[M: BaseModel](request: Request, model: type[M]) -> M:
    """Return the body of a request as the model of its family.

    Raises:
        Invalid: it does not fit the model.
    """
    shape: type[M] = SHAPES[model] if family(request) == ROUTINES else model
    return body.read(request.raw_body, shape)


def scheduled(new: NewJob | JobChange) -> tuple[str, dict[str, Any]] | None:
    """Return when slots are due, and the field that says so; None where nothing does.

    Raises:
        Invalid: two fields say it.
    """
    said = new.model_fields_set
    if not isinstance(new, Triggered) or "trigger" not in said:
        return ("schedule", new.schedule) if "schedule" in said else None
    if "schedule" in said:
        raise Invalid("it goes with no trigger", field="schedule", fix="send one of the two")
    return "trigger.schedule", new.trigger.schedule


def blamed(error: Invalid, field: str) -> Invalid:
    """Return what is wrong with a schedule, in the words of the field that it was sent in."""
    within = field.removesuffix("schedule")
    faults = [Fault(f"{within}{each.field}", each.detail, each.fix) for each in error.faults]
    return type(error)(error.detail, fix=error.fix, faults=faults)


def order(request: Request) -> bytes:
    """Return what a request orders, the same for the same order through either path."""
    sent = json.loads(request.raw_body)
    if "trigger" in sent:
        sent["schedule"] = sent.pop("trigger")["schedule"]
    return json.dumps(sent, sort_keys=True).encode()


def operation_id(path: str, action: str) -> str:
    """Return what the API's description calls an action that a path is for."""
    if not is_of_routines(path):
        return action
    return _with_noun(action) if "job" not in action else action.replace("job", "routine")


def action_of(operation: str) -> str:
    """Return the action that policies know an operation by: of routines that of jobs."""
    return operation.replace("_routine_", "_").replace("routine", "job")


def told(path: str, text: str) -> str:
    """Return words about jobs as they are said of what a path is for."""
    return _JOB.sub("routine", text) if is_of_routines(path) else text


def _with_noun(action: str) -> str:
    verb, _, rest = action.partition("_")
    return f"{verb}_routine_{rest}"
