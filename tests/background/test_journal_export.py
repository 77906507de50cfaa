import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import boto3
import pytest
import rfc8785
from botocore.exceptions import ClientError

from chalicelib.background.exports import JournalExports
from chalicelib.background.journal_export import KIND, JournalExport
from chalicelib.background.late import LateKind
from chalicelib.background.service import TaskDraft
from chalicelib.background.task import State, Task, TaskRef
from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.journal.event import stream_of
from chalicelib.journal.export_files import ExportFiles
from tests.journal.events import SUBJECTS, an_event, append, one_a_minute
from tests.journal.test_export import lines_of, link_by_hand
from tests.support.faults import Crash
from tests.support.tasks import OPERATOR
from tests.support.world import MINUTE, World

BUCKET = "palyra-local-123456789012-us-east-1-payloads"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let S3 take parts of any size; its own least is 5 MB."""
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


@dataclass
class Exports:
    """Exports of a world, in small steps and small parts."""

    world: World

    def __post_init__(self) -> None:
        self.service = JournalExports(
            tasks=self.world.services.tasks, files=ExportFiles(), clock=self.world.clock
        )
        self.shrink(self.world.services.worker.kinds[KIND])

    def shrink(self, kind: Any) -> JournalExport:
        """Let a worker write small parts in small steps; return what writes them."""
        assert isinstance(kind, LateKind)
        made = kind.make()
        assert isinstance(made, JournalExport)
        made.part_characters, made.step_entries = 2_000, 3
        kind.make = lambda: made
        return made

    def asked(self, **fields: Any) -> Task:
        return self.service.ask("main", OPERATOR, fields).export.task

    def written(self, **fields: Any) -> list[dict[str, Any]]:
        """Ask for an export, let it be written, and return its lines once they were verified."""
        task = self.asked(**fields)
        self.world.services.handle(task.ref)
        return self.lines(task.ref)

    def lines(self, ref: TaskRef) -> list[dict[str, Any]]:
        assert self.world.task(ref).state is State.SUCCEEDED
        key = f"main/exports/{ref.id}/journal.ndjson"
        answer = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)
        return list(verified(answer["Body"].read().decode(), f"main#export#{ref.id}"))


@pytest.fixture
def exports(world: World) -> Exports:
    return Exports(world)


def verified(text: str, chain: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file whose hashes hold."""
    last = link_by_hand(chain)
    for number, line in enumerate(lines_of(text), 1):
        content = json.loads(line)
        claimed = content.pop("hash")
        last = link_by_hand(chain, str(number), last, rfc8785.dumps(content).decode())
        assert claimed == last
        yield content


def ids(lines: list[dict[str, Any]]) -> list[str]:
    return [json.loads(line["content"])["id"] for line in lines if line["type"] == "entry"]


def test_an_export_holds_each_stream_in_order_with_its_links(exports: Exports) -> None:
    append(*one_a_minute(LETTERS))
    lines = exports.written()
    begin, *entries, end = lines
    assert (begin["type"], begin["owner"], begin["query"]) == ("begin", "main", {})
    assert sorted(ids(lines))[-26:] == list(LETTERS)
    assert end == {"type": "end", "entries": len(entries)}
    for stream, chain in groupby(entries, key=lambda line: line["stream"]):
        last = link_by_hand(stream)
        for seq, line in enumerate(chain, 1):
            assert (line["seq"], line["previous"]) == (seq, last)
            last = link_by_hand(stream, str(seq), last, line["content"])
            assert line["link"] == last


def test_an_export_holds_what_was_asked_for(exports: Exports) -> None:
    append(*one_a_minute(LETTERS))
    lines = exports.written(subject=SUBJECTS[3], **{"from": "2026-11-22T12:05:00Z"})
    assert ids(lines) == ["l", "t"]
    assert lines[0]["query"] == {"subject": SUBJECTS[3], "from": "2026-11-22T12:05:00Z"}


def test_an_empty_export_is_a_file_too(exports: Exports) -> None:
    lines = exports.written(kind="no.such.kind")
    assert [line["type"] for line in lines] == ["begin", "end"]


def test_an_export_of_an_owner_holds_nothing_of_another(exports: Exports) -> None:
    append(*one_a_minute("abc", owner="other"), an_event("mine"))
    assert set(ids(exports.written(kind="test"))) == {"mine"}


def test_what_is_appended_while_it_is_written_is_not_in_it(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(*one_a_minute(LETTERS))
    put_part = ExportFiles.put_part

    def late(*given: Any) -> str:
        append(*one_a_minute("0123456789", at=an_event("", 90).at))
        return put_part(*given)

    monkeypatch.setattr(ExportFiles, "put_part", late)
    assert not set(ids(exports.written())) & set("0123456789")


def test_one_that_takes_long_goes_on_in_another_invocation(exports: Exports) -> None:
    append(*one_a_minute(LETTERS))
    task = exports.asked(kind="test")
    while exports.world.task(task.ref).state is not State.SUCCEEDED:
        _handle_once(exports, task)
        assert exports.world.task(task.ref).hops < 40
    assert sorted(ids(exports.lines(task.ref))) == list(LETTERS)
    assert exports.world.task(task.ref).hops > 3


def _handle_once(exports: Exports, task: Task) -> None:
    """Let a worker take a task and have time for one step."""
    soon = exports.world.clock.now() + timedelta(seconds=61)
    services = exports.world.container()
    kind = exports.shrink(services.worker.kinds[KIND])
    step = kind._step

    def one(*given: Any) -> Any:
        exports.world.clock.move(timedelta(seconds=2))
        return step(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "_step", one)
        services.worker.handle(task.ref, soon)


@pytest.mark.parametrize("call", ["begin", "keep", "put_part", "complete"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_that_dies_is_followed_by_one_that_goes_on(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, call: str, moment: str, number: int
) -> None:
    append(*one_a_minute(LETTERS))
    task = exports.asked(kind="test")
    made, calls = getattr(ExportFiles, call), iter(range(1, 1_000))

    def dying(*given: Any) -> Any:
        is_last = next(calls) == number
        if is_last and moment == "before":
            raise Crash
        answer = made(*given)
        if is_last:
            raise Crash
        return answer

    monkeypatch.setattr(ExportFiles, call, dying)
    if call in {"begin", "complete"} and number == 2:
        exports.world.services.handle(task.ref)  # It is called once.
    else:
        with pytest.raises(Crash):
            exports.world.services.handle(task.ref)
        exports.world.clock.move(3 * MINUTE)
        services = exports.world.container()
        exports.shrink(services.worker.kinds[KIND])
        services.handle(task.ref)
    assert sorted(ids(exports.lines(task.ref))) == list(LETTERS)


def test_a_worker_that_lost_the_task_puts_nothing_back(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(*one_a_minute(LETTERS))
    task = exports.asked(kind="test")
    kind = exports.shrink(exports.world.services.worker.kinds[KIND])
    step = kind._step

    def slow(*given: Any) -> Any:
        monkeypatch.undo()
        exports.world.clock.move(3 * MINUTE)
        services = exports.world.container()
        services.handle(task.ref)
        return step(*given)

    monkeypatch.setattr(kind, "_step", slow)
    exports.world.services.handle(task.ref)
    file = ExportFiles().progress("main", task.ref.id)
    assert file is not None
    assert file.is_complete
    assert sorted(ids(exports.lines(task.ref))) == list(LETTERS)


def test_an_upload_that_s3_has_dropped_fails_the_attempt(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = exports.asked()

    def dropped(*_given: Any, **_named: Any) -> None:
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPart")

    kind = exports.shrink(exports.world.services.worker.kinds[KIND])
    monkeypatch.setattr(kind.files._client, "upload_part", dropped)
    exports.world.services.handle(task.ref)
    (attempt,) = exports.world.task(task.ref).history
    assert attempt.reason == "UploadIsGone: what was uploaded is gone; ask for another export"


def test_one_that_is_cancelled_stops_between_two_steps(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(*one_a_minute(LETTERS))
    task = exports.asked(kind="test")
    kind = exports.shrink(exports.world.services.worker.kinds[KIND])
    step = kind._step

    def cancelled(*given: Any) -> Any:
        monkeypatch.undo()
        exports.world.services.tasks.cancel("main", OPERATOR, task.ref.id, "enough")
        return step(*given)

    monkeypatch.setattr(kind, "_step", cancelled)
    exports.world.services.handle(task.ref)
    assert exports.world.task(task.ref).state is State.CANCELLED


def test_one_under_way_has_no_link(exports: Exports) -> None:
    task = exports.asked()
    shown = exports.service.get("main", task.ref.id)
    assert (shown.file, shown.link, shown.link_ends) == (None, None, None)


def test_one_that_is_written_has_a_link_for_a_quarter_of_an_hour(exports: Exports) -> None:
    append(*one_a_minute(LETTERS))
    task = exports.asked(kind="test")
    exports.world.services.handle(task.ref)
    shown = exports.service.get("main", task.ref.id)
    assert shown.file is not None
    assert shown.file.entries == 26
    assert shown.link_ends == exports.world.clock.now() + 15 * MINUTE
    assert shown.link is not None
    assert "X-Amz-Expires=900" in shown.link
    assert f"/main/exports/{task.ref.id}/journal.ndjson?" in shown.link
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in shown.link


def test_another_kind_of_task_is_no_export(exports: Exports) -> None:
    draft = TaskDraft(kind="background_prompt", payload={"prompt": "x"})
    task = exports.world.services.tasks.create("main", OPERATOR, draft).task
    with pytest.raises(NotFound):
        exports.service.get("main", task.ref.id)


def test_the_export_of_another_owner_is_not_found(exports: Exports) -> None:
    task = exports.asked()
    with pytest.raises(NotFound):
        exports.service.get("other", task.ref.id)


def test_an_export_of_nothing_that_could_be_is_refused(exports: Exports) -> None:
    with pytest.raises(Invalid) as caught:
        exports.service.ask("main", OPERATOR, {"stream": 8})
    assert caught.value.faults[0].field == "stream"
    draft = TaskDraft(kind=KIND, payload={"stream": 8})
    with pytest.raises(Invalid) as caught:
        exports.world.services.tasks.create("main", OPERATOR, draft)
    assert caught.value.faults[0].field == "payload.stream"


def test_its_end_is_one_event_and_no_run(exports: Exports) -> None:
    exports.written()
    kinds = [
        row.kind for kind in ("task.finished", "run.finished") for row in exports.world.events(kind)
    ]
    assert kinds == ["task.finished"]


def test_s3_that_does_not_answer_decides_nothing(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = exports.asked()

    def silent(*_given: Any) -> None:
        raise Unavailable

    monkeypatch.setattr(ExportFiles, "progress", silent)
    with pytest.raises(Unavailable):
        exports.world.services.handle(task.ref)
    assert exports.world.task(task.ref).state is State.RUNNING


def test_large_entries_are_exported_by_their_digest(exports: Exports) -> None:
    append(an_event("large", details={"text": "x" * 300_000}))
    (line,) = [line for line in exports.written(kind="test") if line["type"] == "entry"]
    assert json.loads(line["content"])["payload"]["bytes"] > 300_000
    assert line["stream"] == f"main#audit#{stream_of('J')}"
