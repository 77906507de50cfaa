"""A quarter of an hour that has it all: what succeeded, failed, was missed or skipped, and runs."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from chalicelib.background.task import State, Task
from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.providers import Answer, Conversation, ToolCall, ToolResult
from chalicelib.scheduler.dispatch import Dispatch
from chalicelib.scheduler.job import Job
from tests.support.faults import Crash
from tests.support.world import TestClock, World

_ANSWERS: Mapping[str, str] = {
    "Summarize": (
        "All queues are empty and the last tick was 12 seconds ago.\n\n"
        "Nothing waits in any lane, one run is active, and no slot is overdue."
    ),
    "Read": (
        "Three messages need an answer:\n\n"
        "1. The supplier moved the delivery to Thursday.\n"
        "2. The landlord asks for the meter reading.\n"
        "3. The accountant needs last month's receipts.\n\n"
        "Everything else is a newsletter, and is filed."
    ),
    "Add": "Yesterday cost 14.20 USD, 3 % less than the day before. Storage is the largest part.",
}
_STOP = """// Reports wait for the new auditor.
@id("no-reports") @hint("ask in #ops")
forbid (principal, action == Action::"dispatch", resource == Job::"JOB");
"""
_NO_DELETE = '@id("no-delete") forbid (principal, action == Action::"delete_job", resource);'
_THINKS = timedelta(milliseconds=2_340)
_WRITES = timedelta(milliseconds=3_870)


class Model:
    """A model that takes its time, looks once, and answers; unless it is down, or dies."""

    name = "bedrock"
    deadline = timedelta(seconds=30)

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.dies = False

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        self.clock.move(_THINKS)
        if conversation.prompt.startswith("Compare"):
            raise ConnectionError("the model did not answer within 30 s")
        if not any(isinstance(turn, ToolResult) for turn in conversation.turns):
            return ToolCall("system.health", {"since": "2026-11-22T00:00:00Z"})
        if self.dies and conversation.prompt.startswith("Read"):
            raise Crash
        self.clock.move(_WRITES)
        return Answer(_ANSWERS[conversation.prompt.split()[0]])


class Day:
    """Jobs that were made from noon on, and what became of them by 13 minutes past."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.model = Model(world.clock)
        firings = world.services.worker.kinds["firing"]
        assert isinstance(firings, Dispatch)
        firings.runs.provider = self.model
        self.jobs = [
            self._job("Nightly cost report", "1d", "Add up what yesterday cost."),
            self._job("Weekly digest", "7d", "Write the digest of the week."),
            self._job("Dependency audit", "5m", "Compare the lock files with what is released."),
            self._job("Health report", "60s", "Summarize health, and name what needs a person."),
        ]
        self._pass_by()

    def minute(self, minute: float, *, ticks: bool = True) -> None:
        """Let the minute's slots run; those that wait for another attempt get it."""
        self.world.at(minute + 0.1)
        if ticks:
            self.world.services.tick.run()
        while waiting := self._waiting():
            for task in waiting:
                with suppress(Crash):
                    self.world.services.handle(task.ref)

    def _pass_by(self) -> None:
        cost, digest, *_ = self.jobs
        operators = self.world.services.jobs
        operators.pause("main", "token:laptop", digest.id)
        for minute in (1, 2, 3):
            self.minute(minute)
        for minute in (4, 5):  # Nothing ticks until ten past.
            self.minute(minute, ticks=False)
        self.world.at(9)
        self.jobs.append(self._job("Inbox triage", "60s", "Read the inbox, and say what needs me."))
        self.minute(10)
        operators.run_now("main", "token:laptop", cost.id)
        self.minute(11)
        self.model.dies = True
        self.minute(12)
        self._govern()
        self.model.dies = False
        self.minute(13)

    def _govern(self) -> None:
        """Keep two versions of the policies, and let the first decide; one firing is denied."""
        policies = wiring.policies(container())
        stop = _STOP.replace("JOB", self.jobs[3].id)
        policies.create("main", "token:laptop", stop, "no more reports")
        policies.create("main", "token:laptop", _NO_DELETE, "")
        policies.activate("main", "token:laptop", 1)

    def _job(self, name: str, every: str, prompt: str) -> Job:
        self.world.clock.move(timedelta(seconds=1))  # Lists are in order of making.
        return self.world.job(every, name=name, prompt=prompt)

    def _waiting(self) -> list[Task]:
        """Return what is due."""
        now = self.world.clock.now()
        work = self.world.services.worker.work
        rows = [row for job in self.jobs for row in work.newest(f"main#{job.id}", None, 8)]
        return [row for row in rows if row.state is State.QUEUED and row.due and row.due <= now]
