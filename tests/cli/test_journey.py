"""A job's whole life on the command line, on the real API."""

import json
from datetime import timedelta

from tests.cli.terminal import Terminal

HEALTH = ("--name", "health", "--every", "60s", "--prompt", "Summarize health")


def created(terminal: Terminal, *words: str) -> str:
    ended = terminal.run("jobs", "create", *HEALTH, "--tool", "system.health", *words)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split()[0]


def shown(terminal: Terminal, job_id: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(terminal.run("jobs", "show", job_id, "--json").out)
    return document


def test_a_made_job_is_listed_and_shown(terminal: Terminal) -> None:
    job_id = created(terminal)

    assert f"{job_id}  health  ● enabled" in terminal.run("jobs", "list", columns=80).out
    assert "schedule     every minute\n" in terminal.run("jobs", "show", job_id, columns=80).out


def test_an_edit_changes_what_it_names(terminal: Terminal) -> None:
    job_id = created(terminal)

    ended = terminal.run("jobs", "edit", job_id, "--every", "5m", "--no-tools")

    job = shown(terminal, job_id)
    assert (ended.code, job["schedule"], job["tools"]) == (0, {"every": "300s"}, [])
    assert job["name"] == "health"


def test_an_edit_of_the_version_that_was_seen_is_made_once(terminal: Terminal) -> None:
    job_id = created(terminal)
    seen = ("--if-version", str(shown(terminal, job_id)["version"]))

    first = terminal.run("jobs", "edit", job_id, "--name", "a", *seen)
    second = terminal.run("jobs", "edit", job_id, "--name", "b", *seen)

    assert (first.code, second.code) == (0, 5)
    assert shown(terminal, job_id)["name"] == "a"


def test_a_key_makes_one_job(terminal: Terminal) -> None:
    job_id = created(terminal, "--idempotency-key", "nightly")

    again = terminal.run(
        "jobs", "create", *HEALTH, "--tool", "system.health", "--idempotency-key", "nightly"
    )

    assert (again.code, again.out.split()[0]) == (0, job_id)
    assert again.err == "made before: the idempotency key stands for this job\n"


def test_a_key_makes_one_task(terminal: Terminal) -> None:
    words = ("tasks", "create", "--prompt", "x", "--idempotency-key", "nightly")

    first, again = terminal.run(*words), terminal.run(*words)

    assert (first.code, first.err, again.out) == (0, "", first.out)
    assert again.err == "made before: the idempotency key stands for this task\n"


def test_a_job_is_paused_and_resumed(terminal: Terminal) -> None:
    job_id = created(terminal)

    assert terminal.run("jobs", "pause", job_id).out == f"{job_id}  paused\n"
    assert terminal.run("jobs", "run", job_id).code == 5
    assert terminal.run("jobs", "resume", job_id).out == f"{job_id}  enabled\n"


def test_a_job_runs_once_and_is_followed(terminal: Terminal) -> None:
    job_id = created(terminal)

    def let_workers_work(seconds: float) -> None:
        world = terminal.api.world
        world.clock.move(timedelta(seconds=seconds))
        for task in world.services.worker.work.newest(f"main#{job_id}", None, 200):
            if task.ref.slot <= world.clock.now():
                world.services.handle(task.ref)

    terminal.while_waiting = let_workers_work
    ended = terminal.run("jobs", "run", job_id, "--watch", "--timeout", "30", columns=80)

    assert (ended.code, ended.err) == (0, "")
    assert "calls system.health {}" in ended.out
    assert "✓ succeeded" in ended.out
    assert "✓ succeeded" in terminal.run("runs", "list", "--job", job_id, columns=80).out
    assert "fired" in terminal.run("jobs", "firings", job_id).out


def test_a_deleted_job_keeps_its_ledger(terminal: Terminal) -> None:
    job_id = created(terminal)

    assert terminal.run("jobs", "delete", job_id, "--yes").out == f"{job_id}  deleted\n"
    assert job_id not in terminal.run("jobs", "list").out
    assert terminal.run("jobs", "firings", job_id).code == 0
    assert terminal.run("jobs", "edit", job_id, "--name", "x").code == 5


def test_the_status_is_told(terminal: Terminal) -> None:
    ended = terminal.run("status", columns=80)

    assert ended.code in {0, 1}
    assert "LANE    WAITING  DELAYED  IN FLIGHT\n" in ended.out


def test_settings_are_told(terminal: Terminal) -> None:
    assert "tasks.lease_seconds" in terminal.run("settings", columns=80).out


def test_what_the_api_refuses_is_told_with_field_and_fix(terminal: Terminal) -> None:
    ended = terminal.run("jobs", "create", *HEALTH[:2], "--every", "5s", *HEALTH[4:])

    assert (ended.code, ended.out) == (1, "")
    assert "field  schedule.every" in ended.err
