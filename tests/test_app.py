import json
import re
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Rate, ScheduledEventConfig, SQSEventConfig

import app as module
from app import app
from chalicelib.functions import queues

CHALICE = Path(__file__).parents[1] / ".chalice"
CONFIG: dict[str, Any] = json.loads((CHALICE / "config.json").read_text())
SOURCES, PURE = app.event_sources, app.pure_lambda_functions
QUEUES = [source for source in SOURCES if isinstance(source, SQSEventConfig)]
TRIGGERS = [source.name for source in SOURCES] + [function.name for function in PURE]


def test_the_docstring_lists_exactly_the_functions_that_chalice_knows() -> None:
    listed = re.findall(r"^    (\w+) ", str(module.__doc__), re.MULTILINE)
    assert listed == ["api", *TRIGGERS]


def test_the_routes_are_those_of_api_and_console() -> None:
    routes = {path: " ".join(sorted(made)) for path, made in app.routes.items()}
    assert routes == {
        "/": "GET",
        "/approvals": "GET",
        "/doctor": "GET POST",
        "/healthz": "GET",
        "/incidents": "GET",
        "/incidents/{incident_id}": "GET",
        "/jobs/{job_id}": "GET",
        "/journal": "GET",
        "/nodes": "GET",
        "/nodes/{device_id}": "GET POST",
        "/pairing": "GET POST",
        "/policies": "GET",
        "/runs/{run_id}": "GET",
        "/static/{name}": "GET",
        "/v1": "GET",
        "/v1/approvals": "GET",
        "/v1/approvals/{approval_id}": "GET",
        "/v1/approvals/{approval_id}/decision": "POST",
        "/v1/doctor": "GET POST",
        "/v1/doctor/checks": "GET",
        "/v1/doctor/{task_id}": "GET",
        "/v1/doctor/{task_id}/fix": "POST",
        "/v1/doctor/{task_id}/undo": "POST",
        "/v1/erasures": "GET POST",
        "/v1/gate": "GET POST",
        "/v1/heartbeats": "GET",
        "/v1/incidents": "GET",
        "/v1/incidents/{incident_id}": "GET",
        "/v1/incidents/{incident_id}/acknowledge": "POST",
        "/v1/incidents/{incident_id}/remediate": "POST",
        "/v1/incidents/{incident_id}/remediation": "GET",
        "/v1/incidents/{incident_id}/resolve": "POST",
        "/v1/jobs": "GET POST",
        "/v1/jobs/{job_id}": "DELETE GET PATCH",
        "/v1/jobs/{job_id}/backfill": "POST",
        "/v1/jobs/{job_id}/firings": "GET",
        "/v1/jobs/{job_id}/health": "GET",
        "/v1/jobs/{job_id}/pause": "POST",
        "/v1/jobs/{job_id}/preview": "GET",
        "/v1/jobs/{job_id}/resume": "POST",
        "/v1/jobs/{job_id}/review": "POST",
        "/v1/jobs/{job_id}/run": "POST",
        "/v1/journal": "GET",
        "/v1/journal/days": "GET",
        "/v1/journal/exports": "POST",
        "/v1/journal/exports/{task_id}": "GET",
        "/v1/journal/verify": "GET POST",
        "/v1/journal/verify/{task_id}": "GET",
        "/v1/journal/{stream}/{seq}": "GET",
        "/v1/node-authority": "GET",
        "/v1/node-authority/prepare": "POST",
        "/v1/node-authority/switch": "POST",
        "/v1/nodes": "GET",
        "/v1/nodes/{device_id}": "GET",
        "/v1/nodes/{device_id}/activate": "POST",
        "/v1/nodes/{device_id}/capabilities": "GET",
        "/v1/nodes/{device_id}/capabilities/{name}/grant": "POST",
        "/v1/nodes/{device_id}/capabilities/{name}/revoke": "POST",
        "/v1/nodes/{device_id}/certificates": "GET",
        "/v1/nodes/{device_id}/clear": "POST",
        "/v1/nodes/{device_id}/heartbeat": "POST",
        "/v1/nodes/{device_id}/invocations": "GET",
        "/v1/nodes/{device_id}/invocations/{request_id}": "GET",
        "/v1/nodes/{device_id}/invocations/{request_id}/cancel": "POST",
        "/v1/nodes/{device_id}/invoke": "POST",
        "/v1/nodes/{device_id}/nonce": "POST",
        "/v1/nodes/{device_id}/register": "POST",
        "/v1/nodes/{device_id}/renew": "POST",
        "/v1/nodes/{device_id}/requests": "GET",
        "/v1/nodes/{device_id}/requests/{request_id}/mediation": "POST",
        "/v1/nodes/{device_id}/requests/{request_id}/result": "POST",
        "/v1/nodes/{device_id}/requests/{request_id}/take": "POST",
        "/v1/nodes/{device_id}/revoke": "POST",
        "/v1/nodes/{device_id}/revoke-self": "POST",
        "/v1/nodes/{device_id}/rotate": "POST",
        "/v1/nodes/{device_id}/whoami": "GET",
        "/v1/openapi.json": "GET",
        "/v1/pairing/codes": "GET POST",
        "/v1/pairing/codes/{code_id}": "DELETE",
        "/v1/pairing/recover": "POST",
        "/v1/pairing/recoveries": "POST",
        "/v1/pairing/requests": "GET",
        "/v1/pairing/requests/{request_id}": "GET",
        "/v1/pairing/requests/{request_id}/approve": "POST",
        "/v1/pairing/requests/{request_id}/reject": "POST",
        "/v1/pairing/sessions": "POST",
        "/v1/pairing/sessions/{session_id}/claim": "POST",
        "/v1/pairing/sessions/{session_id}/hello": "POST",
        "/v1/policies": "GET POST",
        "/v1/policies/active": "GET",
        "/v1/policies/dry-run": "POST",
        "/v1/policies/explain": "POST",
        "/v1/policies/rollback": "POST",
        "/v1/policies/validate": "POST",
        "/v1/policies/{version}": "GET",
        "/v1/policies/{version}/activate": "POST",
        "/v1/routines": "GET POST",
        "/v1/routines/{job_id}": "DELETE GET PATCH",
        "/v1/routines/{job_id}/backfill": "POST",
        "/v1/routines/{job_id}/firings": "GET",
        "/v1/routines/{job_id}/health": "GET",
        "/v1/routines/{job_id}/pause": "POST",
        "/v1/routines/{job_id}/preview": "GET",
        "/v1/routines/{job_id}/resume": "POST",
        "/v1/routines/{job_id}/review": "POST",
        "/v1/routines/{job_id}/run": "POST",
        "/v1/runs": "GET",
        "/v1/runs/{run_id}": "GET",
        "/v1/settings": "GET",
        "/v1/status": "GET",
        "/v1/tasks": "GET POST",
        "/v1/tasks/{task_id}": "GET",
        "/v1/tasks/{task_id}/cancel": "POST",
        "/v1/tasks/{task_id}/pause": "POST",
        "/v1/tasks/{task_id}/resume": "POST",
        "/v1/tasks/{task_id}/retry": "POST",
    }


def test_tick_and_sweep_come_once_a_minute_and_the_sealer_every_five() -> None:
    rates = {
        source.name: source.schedule_expression.to_string()
        for source in SOURCES
        if isinstance(source, ScheduledEventConfig) and isinstance(source.schedule_expression, Rate)
    }
    assert rates == {
        "cron_tick": "rate(1 minute)",
        "sweep": "rate(1 minute)",
        "journal_seal": "rate(5 minutes)",
    }


def test_a_worker_takes_one_message_at_a_time_from_its_lane() -> None:
    assert {source.name: source.queue for source in QUEUES if source.batch_size == 1} == {
        "worker_high": "palyra-local-high",
        "worker_normal": "palyra-local-normal",
        "worker_low": "palyra-local-low",
    }


def test_no_queue_takes_the_functions_of_another() -> None:
    limits = {source.name: source.maximum_concurrency for source in QUEUES}
    assert [limits[f"worker_{lane}"] for lane in ("high", "normal", "low")] == [8, 8, 2]
    assert [limits[f"dead_letter_{lane}"] for lane in ("high", "normal", "low")] == [2, 2, 2]


def test_dead_letters_are_taken_ten_at_a_time() -> None:
    assert {source.name: source.queue for source in QUEUES if source.batch_size == 10} == {
        "dead_letter_high": "palyra-local-high-dlq",
        "dead_letter_normal": "palyra-local-normal-dlq",
        "dead_letter_low": "palyra-local-low-dlq",
    }


def test_there_are_three_stages_that_know_their_own_name() -> None:
    assert set(CONFIG["stages"]) == {"local", "dev", "prod"}
    for name, stage in CONFIG["stages"].items():
        assert stage["environment_variables"]["PALYRA_STAGE"] == name


def test_the_package_is_one_layer_for_all_functions() -> None:
    assert CONFIG["automatic_layer"] is True


def test_the_api_is_regional() -> None:
    assert CONFIG["api_gateway_endpoint_type"] == "REGIONAL"


def test_log_groups_are_the_templates_matter() -> None:
    """Chalice would make one for the API that its function does not use."""
    assert "log_retention_in_days" not in json.dumps(CONFIG)


@pytest.mark.parametrize("lane", ["high", "normal", "low"])
def test_a_worker_has_five_minutes_and_reckons_with_them(lane: str) -> None:
    timeout = CONFIG["lambda_functions"][f"worker_{lane}"]["lambda_timeout"]
    assert timeout == queues.TIMEOUT.total_seconds() == 300


@pytest.mark.parametrize("function", ["cron_tick", "sweep"])
def test_a_function_of_every_minute_ends_within_it(function: str) -> None:
    assert CONFIG["lambda_functions"][function]["lambda_timeout"] < 60


def test_no_policy_is_guessed() -> None:
    assert CONFIG["autogen_policy"] is False


@pytest.mark.parametrize("stage", CONFIG["stages"])
def test_every_function_has_a_policy_of_its_stage(stage: str) -> None:
    functions = CONFIG["stages"][stage]["lambda_functions"]
    assert set(functions) == {"api_handler", *TRIGGERS}
    for function in functions.values():
        assert function["iam_policy_file"].startswith(f"policies/{stage}/")
        assert (CHALICE / function["iam_policy_file"]).exists()


def test_no_function_is_configured_that_does_not_exist() -> None:
    assert set(CONFIG["lambda_functions"]) == {"api_handler", *TRIGGERS}


def test_no_function_has_moved() -> None:
    """`chalice deploy` never changes the handler of a function that exists: rename what moves.

    Lambda imports a blueprint's module and not app.py.
    """
    assert {source.name: source.handler_string for source in app.event_sources} == {
        "cron_tick": "chalicelib.functions.schedules.cron_tick",
        "sweep": "chalicelib.functions.sweeps.sweep",
        "journal_seal": "chalicelib.functions.seals.journal_seal",
        "worker_high": "chalicelib.functions.queues.worker_high",
        "worker_normal": "chalicelib.functions.queues.worker_normal",
        "worker_low": "chalicelib.functions.queues.worker_low",
        "dead_letter_high": "chalicelib.functions.dead_letters.dead_letter_high",
        "dead_letter_normal": "chalicelib.functions.dead_letters.dead_letter_normal",
        "dead_letter_low": "chalicelib.functions.dead_letters.dead_letter_low",
    }
