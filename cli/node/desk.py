"""The node's requests: taken, agreed to, done and answered; each step is written down first.

All calls to the gateway are made by the one thread that runs the desk. Programs and questions to
the person run beside it, and hand in what came of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from cli.node import tool as doing
from cli.node.line import Line, is_over
from cli.node.manifest import Tool
from cli.node.outbox import Event, Outbox
from cli.node.person import Person, Question
from cli.node.program import End
from cli.node.renewing import GatewayClock, instant
from cli.node.tool import Task
from cli.node.work import Stage, Work, WorkStore
from cli.problem import Problem

_AWAITING = "awaiting_local_mediation"


class Word(NamedTuple):
    """What the person said; None for nothing."""

    work: Work
    is_agreed: bool | None


class Finished(NamedTuple):
    """What a program has come to; None where nobody knows, or where it was stopped."""

    work: Work
    why: str = ""
    is_stopped: bool = False


class Wake(NamedTuple):
    """The node is to stop."""


type Message = Word | Finished | Wake


@dataclass(kw_only=True, eq=False, repr=False)
class Desk:
    """The requests of one node.

    Attributes:
        terms: of each capability, the digest of what the gateway was told.
        most: how many programs run at once.
        tell: tells who runs the node what happens.
    """

    line: Line
    works: WorkStore
    tools: Mapping[str, Tool]
    terms: Mapping[str, str]
    person: Person | None
    clock: GatewayClock
    most: int
    tell: Callable[[Event], None]
    inbox: SimpleQueue[Message] = field(default_factory=SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._to_take: deque[Work] = deque()
        self._words: deque[Word] = deque()
        self.outbox = Outbox(line=self.line, works=self.works, tell=self.tell)
        self._busy: dict[str, Work] = {}
        self._asking: dict[str, Work] = {}
        self._shown: Sequence[Mapping[str, Any]] = ()
        self._etag: str | None = None
        self._hands = ThreadPoolExecutor(self.most, thread_name_prefix="hand")
        self._asker = ThreadPoolExecutor(1, thread_name_prefix="asker")
        self._is_stopping = False

    # What was left.

    def resume(self) -> None:
        """Take up what was left by the process before this one."""
        for work in self.works.all():
            if work.stage is Stage.DONE:
                self.outbox.put(work)
            elif work.stage is Stage.BEGUN and not work.is_idempotent:
                self.outbox.leave(work, "it was begun, and nobody knows whether it was done")
            else:
                self._to_take.append(work)

    # One turn.

    @property
    def is_idle(self) -> bool:
        """Return whether nothing waits for this thread."""
        can_begin = self._has_room and (self._to_take or self._agreed())
        return self.outbox.is_empty and not (can_begin or self._refused())

    @property
    def is_busy(self) -> bool:
        """Return whether a program runs."""
        return bool(self._busy)

    @property
    def summary(self) -> str:
        """Return what the node is doing, in a few words."""
        if not self._busy and not self._asking:
            return "polling"
        return f"{len(self._busy)} running, {len(self._asking)} asking the person"

    def receive(self, message: Message) -> None:
        """Take in what came of a program or a question."""
        if isinstance(message, Word):
            self._heard(message)
        elif isinstance(message, Finished):
            self._finished(message)
        else:
            self._is_stopping = True

    @property
    def is_stopping(self) -> bool:
        """Return whether the node was told to stop."""
        return self._is_stopping

    def poll(self) -> float | None:
        """Look for requests, and return after how many seconds to look again; None as before.

        Raises:
            Problem: the gateway refused, or did not answer.
        """
        answer = self.line.changed("requests", self._etag)
        if answer is not None:
            self._etag, self._shown = answer.etag, answer.document["items"]
        known = {each.id for each in self.works.all()}
        for each in self._shown:
            if each["id"] not in known:
                work = Work.new(str(each["id"]), str(each["capability"]))
                self.works.save(work)
                self._to_take.append(work)
        return None if answer is None else float(answer.document["poll_after_seconds"])

    def turn(self) -> None:
        """Do what waits for this thread.

        Raises:
            Problem: the gateway refused, or did not answer; the next turn goes on there.
        """
        self.outbox.send()
        self._say_no()
        while self._has_room and self._agreed():
            self._say_yes()
        while self._has_room and self._to_take:
            self._take(self._to_take[0])
            self._to_take.popleft()

    def shut(self) -> None:
        """End programs and questions; what was not answered is taken up by the next process."""
        self.stop.set()
        self._hands.shutdown(cancel_futures=True)
        self._asker.shutdown(cancel_futures=True)
        while True:
            try:
                self.receive(self.inbox.get_nowait())
            except Empty:
                return

    # Taking.

    @property
    def _has_room(self) -> bool:
        return len(self._busy) < self.most and not self._is_stopping

    def _take(self, work: Work) -> None:
        try:
            taken = self.line.post(f"requests/{work.id}/take", claim=work.claim)
        except Problem as problem:
            if not is_over(problem):
                raise
            self.outbox.leave(work, problem.what)
            return
        if taken["state"] == _AWAITING:
            self._await(work, taken)
        else:
            self._begin(work, taken)

    def _await(self, work: Work, taken: Mapping[str, Any]) -> None:
        """Ask the person; who has agreed before a restart is not asked again."""
        if work.is_agreed:
            self._words.append(Word(work, is_agreed=True))
            return
        tool = self.tools.get(str(taken["capability"]))
        if tool is None or self.person is None:
            self.outbox.answer(work, doing.failed("nobody can be asked here"))
            return
        self._asking[work.id] = work
        question = Question(
            capability=tool.name,
            description=tool.description,
            arguments=taken["arguments"],
            seconds=self._left(taken),
        )
        self._asker.submit(self._ask, self.person, work, question)

    def _begin(self, work: Work, taken: Mapping[str, Any]) -> None:
        """Start the program of a request that was handed over."""
        tool = self.tools.get(str(taken["capability"]))
        seconds = min(float(taken["timeout_seconds"]), self._left(taken))
        if tool is None or self.terms.get(tool.name) != taken["terms_sha256"]:
            self.outbox.answer(
                work, doing.failed("this node does not do this, or not as it was granted")
            )
        elif tool.needs_mediation and not work.is_agreed:
            self.outbox.answer(work, doing.failed("the person here was not asked"))
        elif seconds <= 0:
            self.outbox.leave(work, "there is no time left for it")
        else:
            is_idempotent = tool.is_idempotent
            begun = work.to(Stage.BEGUN, capability=tool.name, is_idempotent=is_idempotent)
            self.works.save(begun)
            self._busy[work.id] = begun
            task = Task(
                request_id=work.id,
                key=str(taken["idempotency_key"]),
                arguments=taken["arguments"],
                seconds=seconds,
            )
            self._hands.submit(self._do, tool, begun, task)
            self.tell(Event("begun", work.id, tool.name))

    def _left(self, taken: Mapping[str, Any]) -> float:
        now = self.clock.now()
        deadline = instant(taken["deadline"])
        return (deadline - now).total_seconds() if now else float(taken["timeout_seconds"])

    # The person's word.

    def _agreed(self) -> Sequence[Word]:
        return [each for each in self._words if each.is_agreed]

    def _refused(self) -> Sequence[Word]:
        return [each for each in self._words if not each.is_agreed]

    def _heard(self, word: Word) -> None:
        self._asking.pop(word.work.id, None)
        if word.is_agreed is None:
            self.outbox.leave(word.work, "the person here did not answer")
            return
        if word.is_agreed:
            agreed = word.work.to(Stage.AGREED)
            self.works.save(agreed)
            word = word._replace(work=agreed)
        self._words.append(word)

    def _say_no(self) -> None:
        for word in self._refused():
            if self._say(word) is not None:
                self.outbox.leave(word.work, "the person here refused")
            self._words.remove(word)

    def _say_yes(self) -> None:
        word = self._agreed()[0]
        after = self._say(word)
        if after is not None:
            self._begin(word.work, after)
        self._words.remove(word)

    def _say(self, word: Word) -> Mapping[str, Any] | None:
        """Tell the gateway what the person said; None where it is too late for that."""
        path = f"requests/{word.work.id}/mediation"
        try:
            return self.line.post(path, claim=word.work.claim, agreed=word.is_agreed)
        except Problem as problem:
            if not is_over(problem):
                raise
            self.outbox.leave(word.work, problem.what)
            return None

    # What came of it.

    def _finished(self, finished: Finished) -> None:
        work = finished.work
        self._busy.pop(work.id, None)
        if finished.is_stopped:
            return
        if work.answer is None:
            self.outbox.leave(work, finished.why)
        else:
            self.outbox.put(work)

    # Beside this thread.

    def _ask(self, person: Person, work: Work, question: Question) -> None:
        word = person.ask(question, self.stop)
        if word is None and self.stop.is_set():
            return  # The next process asks again.
        self.inbox.put(Word(work, word))

    def _do(self, tool: Tool, work: Work, task: Task) -> None:
        ended = doing.perform(tool, task, self.stop)
        if ended.end is End.STOPPED:
            self.inbox.put(Finished(work, is_stopped=True))
            return
        done = work.to(Stage.DONE, answer=doing.answer(tool, ended))
        why = f"{ended.end}: nobody knows whether it was done"
        try:
            if done.answer is not None:
                self.works.save(done)
        except Problem as problem:
            why = problem.what  # It is answered all the same, if this process lives.
        self.inbox.put(Finished(done, why))
