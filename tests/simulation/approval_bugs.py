"""Planted bugs of approvals: of the one decision, of the waiting, and of what may be called."""

from tests.simulation.approval_checker import (
    APPROVED,
    DENIED,
    FOLLOWED,
    HOLDS,
    IN_TIME,
    LIVES,
    ONCE,
    TOLD,
)
from tests.simulation.planting import Bug, Edit

APPROVAL_BUGS: list[Bug] = []
_PROMPT = "chalicelib.approvals.prompt:"
_STORE = "chalicelib.approvals.store:ApprovalStore."
_SERVICE = "chalicelib.approvals.service:Approvals."
_WATCH = "chalicelib.approvals.watch:ApprovalWatch."
_CONSENT = "chalicelib.runs.consent:Consents."
_RUNS = "chalicelib.runs.service:RunService."
_WAKER = "chalicelib.runs.waking:RunWaker."
_CALLED_TWICE = "I8 one call"


_LINES = {
    "decided-without-condition": "disputed:0::2=0:",
    "decided-beside-its-event": "approved:0:3=3::",
    "decided-when-over": "timed-out:0:::",
    "asked-without-fence": "answered-at-once:0::6=3:",
    "called-under-the-asking-step": "approved:0:21=0::",
    "any-decision-is-an-approval": "disputed:0:1=0::",
    "retried-is-approved": "denied-and-retried:0:::",
    "denied-and-told": "disputed:0:1=0::",
    "nobody-is-woken": "approved:0:::",
    "woken-by-a-message-alone": "disputed:0:6=4::",
    "decision-missed-while-parking": "answered-at-once:0::9=1:",
    "expired-and-never-closed": "undecided:0:::",
}


def _bug(name: str, what: str, flows: str, invariants: tuple[str, ...], *edits: Edit) -> None:
    line = _LINES.get(name, f"{flows.partition(' ')[0]}:0:::")
    APPROVAL_BUGS.append(Bug(name, what, tuple(flows.split()), invariants, edits, line))


_bug(
    "decided-without-condition",
    "a decision is written whatever was decided before",
    "disputed timed-out",
    (ONCE,),
    Edit(f"{_STORE}decide_write", "PromptRow.state == State.PENDING", "PromptRow.pk.exists()"),
)
_bug(
    "decided-beside-its-event",
    "a decision is written, and then the journal says so",
    "approved disputed",
    (TOLD,),
    Edit(
        f"{_SERVICE}decide",
        "self.journal.append_with(events.ended(after), self._writes(after))",
        "type(self.journal).append_with.__globals__['JournalRow'].transact(*self._writes(after))\n"
        "            self.journal.append(events.ended(after))",
    ),
)
_bug(
    "decided-when-over",
    "a decision does not ask whether the time is over",
    "timed-out",
    (IN_TIME,),
    Edit(f"{_PROMPT}decided", "if record.is_over(now):", "if False:"),
)
_bug(
    "asked-without-fence",
    "who lost the task asks all the same",
    "answered-at-once undecided outlived-asking",
    (HOLDS,),
    Edit(f"{_CONSENT}_ask", "[self.work.renew_write(task, now)]", "[]"),
)
_bug(
    "called-under-the-asking-step",
    "an approved call is made under the step that asked for it",
    "approved disputed",
    (_CALLED_TWICE, APPROVED),
    Edit(f"{_RUNS}_resumed", " or (tool is not None and not tool.is_idempotent)", ""),
    Edit(f"{_CONSENT}to_call", "if tool.is_idempotent and ", "if "),
)
_bug(
    "any-decision-is-an-approval",
    "a run follows a denial as if it were an approval",
    "disputed denied-and-retried",
    (APPROVED,),
    Edit(f"{_CONSENT}follow", "if record.state is State.APPROVED:", "if record.state.value:"),
    Edit(
        f"{_CONSENT}_given_before",
        "record is not None and record.state is State.APPROVED",
        "record is not None",
    ),
)
_bug(
    "retried-is-approved",
    "a call that was denied counts as approved when its task is retried",
    "denied-and-retried",
    (APPROVED,),
    Edit(
        f"{_CONSENT}_given_before",
        "record is not None and record.state is State.APPROVED",
        "record is not None",
    ),
)
_bug(
    "denied-and-told",
    "the model is told of a denial, and the run goes on",
    "disputed denied-and-retried",
    (DENIED,),
    Edit(
        f"{_RUNS}_resumed",
        "if isinstance(answer, Waiting | Refusal):",
        "if isinstance(answer, Refusal):\n"
        "        steps.append(self._accept(\n"
        "            task, steps, ToolResult(announced.tool, False, {}), lease))\n"
        "        return None\n"
        "    if isinstance(answer, Waiting):",
    ),
)
_bug(
    "nobody-is-woken",
    "a decision sends no message, and the sweep looks when the time is over",
    "approved disputed",
    (FOLLOWED,),
    Edit(f"{_WAKER}approval_decided", "if task.state is State.QUEUED:", "if False:"),
)
_bug(
    "woken-by-a-message-alone",
    "the message of a decision is all that wakes who waits",
    "approved disputed",
    (FOLLOWED,),
    Edit(
        f"{_WAKER}approval_decided",
        "self.work.look_again(task, self.clock.now() + self.pace.lease)",
        "pass",
    ),
)
_bug(
    "decision-missed-while-parking",
    "who puts a task aside does not look whether it was decided meanwhile",
    "answered-at-once",
    (FOLLOWED,),
    Edit("chalicelib.background.worker:Worker._wait", " and waiting.is_over():", " and False:"),
    Edit(
        f"{_WAKER}approval_decided",
        "if task.state is State.RUNNING:\n        return False",
        "if task.state is State.RUNNING:\n        return True",
    ),
)
_bug(
    "expired-and-never-closed",
    "the watch leaves what is over pending",
    "undecided",
    (LIVES, "it comes to no end"),
    Edit(f"{_WATCH}_act", "if record.is_over(now):", "if False:"),
    Edit(
        f"{_CONSENT}follow",
        "record = self.approvals.close(record, Code.EXPIRED)",
        "return Refusal(Reason.APPROVAL_EXPIRED, record.id)",
    ),
    Edit(f"{_WATCH}_act", ".waits(record):", ".waits(record) and False:"),
)
_bug(
    "put-away-untold",
    "a decision leaves the index before whoever waits was told",
    "begun-when-approved slot-approved",
    (FOLLOWED,),
    Edit(
        f"{_SERVICE}settle",
        "is_told = self.waiters[record.prompt.kind].approval_decided(record)",
        "self.store.put_away(record)\n"
        "    is_told = self.waiters[record.prompt.kind].approval_decided(record)",
    ),
)
