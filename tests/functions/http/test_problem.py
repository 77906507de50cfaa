import json

import boto3
from chalice.app import Response

from chalicelib.errors import Fault, Invalid, NotFound, Unauthenticated
from chalicelib.functions.http.problem import problem
from tests.functions.http.api import Api, a_job, assert_problem
from tests.functions.log import Log


def body(response: Response) -> dict[str, object]:
    content: dict[str, object] = json.loads(response.body)
    return content


def test_an_error_is_rendered_whole() -> None:
    error = Invalid("limit is '0'", field="limit", fix="use 1 to 200")
    assert body(problem(error)) == {
        "type": "urn:palyra:problem:invalid",
        "title": "The input is not valid",
        "status": 422,
        "detail": "limit is '0'",
        "fix": "use 1 to 200",
        "errors": [{"field": "limit", "detail": "limit is '0'", "fix": "use 1 to 200"}],
    }


def test_what_there_is_nothing_to_say_about_is_left_out() -> None:
    assert set(body(problem(NotFound()))) == {"type", "title", "status", "detail"}


def test_every_fault_is_rendered() -> None:
    faults = [Fault(field=name, detail="missing", fix="add it") for name in ("name", "prompt")]
    errors = body(problem(Invalid("two things", faults=faults)))["errors"]
    assert errors == [{"field": f.field, "detail": f.detail, "fix": f.fix} for f in faults]


def test_only_a_missing_token_is_answered_with_the_scheme() -> None:
    assert problem(Unauthenticated()).headers["WWW-Authenticate"] == "Bearer"
    assert "WWW-Authenticate" not in problem(NotFound()).headers


def test_while_dynamodb_does_not_answer_nobody_blames_the_caller(api: Api) -> None:
    api.token("main")
    boto3.client("dynamodb").delete_table(TableName="palyra-local-jobs")
    for reply in (api.get("/v1/jobs"), api.get("/v1/jobs/J"), api.post("/v1/jobs", a_job())):
        assert assert_problem(reply, 503)["fix"] == "try again"


def test_a_job_is_made_although_sqs_does_not_answer(api: Api) -> None:
    queue = boto3.client("sqs").get_queue_url(QueueName="palyra-local-normal")["QueueUrl"]
    boto3.client("sqs").delete_queue(QueueUrl=queue)
    assert api.post("/v1/jobs", a_job()).status == 201


def test_a_refusal_is_logged_with_its_code(api: Api, log: Log) -> None:
    api.get("/v1/jobs/NOPE")
    (line,) = [line for line in log.lines() if line["message"] == "refused"]
    assert line["problem"] == "not-found"


def test_no_token_reaches_the_log(api: Api, log: Log) -> None:
    spliced = api.token("main").replace("_main_", "_other_")
    api.get("/v1/jobs", headers={"Authorization": f"Bearer {spliced}"})
    api.job()
    assert spliced.removeprefix("palyra_other_") not in log.output.getvalue()
