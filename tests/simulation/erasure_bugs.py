"""Planted bugs of erasure: of data keys, of its way, and of what is written in clear."""

from tests.simulation.erasure_checker import ENDED, NOWHERE, READABLE, STAYS, VERIFIED
from tests.simulation.planting import Bug, Edit

ERASURE_BUGS: list[Bug] = []
_KEYS = "chalicelib.journal.erasure.keys:DataKeys."
_STORE = "chalicelib.journal.erasure.store:KeyStore."
_ERASURE = "chalicelib.background.erasure:SubjectErasure."


_LINES = {
    "key-put-without-condition": "first-words:0::3=0:",
    "key-that-lost-the-race": "first-words:0::3=0:",
    "erased-beside-its-event": "erased:0:26=3::",
    "erased-under-another-name": "last-words:0::10=0:",
    "reason-in-clear": "erased-while-running:1:::",
    "reason-in-the-terminal-event": "erased-while-running:1:::",
    "erased-while-it-runs": "erased-while-running:0:1=3::",
    "waits-by-one-clock": "erased:578790736::31=3,33=0,71=6:",
    "header-erased-once": "erased-while-running:0:4=6::",
}


def _bug(name: str, what: str, flows: str, invariants: tuple[str, ...], *edits: Edit) -> None:
    line = _LINES.get(name, f"{flows.partition(' ')[0]}:0:::")
    ERASURE_BUGS.append(Bug(name, what, tuple(flows.split()), invariants, edits, line))


_bug(
    "key-put-without-condition",
    "the key of a subject is put without asking whether it has one",
    "first-words last-words",
    (READABLE,),
    Edit(
        f"{_STORE}put",
        "KeyRow.pk.does_not_exist()",
        "KeyRow.pk.exists() | KeyRow.pk.does_not_exist()",
    ),
)
_bug(
    "key-that-lost-the-race",
    "what is personal is sealed under a key that is not the one that stands",
    "first-words",
    (READABLE, VERIFIED),
    Edit(f"{_KEYS}_for_writing", "if stored.id == mine.id:", "if mine.id:"),
)
_bug(
    "key-never-forgotten",
    "a container remembers a key for ever",
    "erased",
    (NOWHERE,),
    Edit(
        f"{_KEYS}_recall",
        "if not known.at <= self.clock.now() < known.at + LIFETIME:",
        "if False:",
    ),
)
_bug(
    "erased-while-remembered",
    "an erasure has succeeded while containers remember the key",
    "erased",
    (NOWHERE,),
    Edit(f"{_ERASURE}perform", "if passed.begun_at < over:", "if False:"),
)
_bug(
    "erased-beside-its-event",
    "a key is erased, and then the journal says so",
    "erased erased-family",
    (VERIFIED,),
    Edit(
        f"{_ERASURE}_erase_key",
        "self.journal.append_with(_erased(task, key, erasing, reason), [write])",
        "type(self.journal).append_with.__globals__['JournalRow'].transact(write)\n"
        "            self.journal.append(_erased(task, key, erasing, reason))",
    ),
)
_bug(
    "erased-under-another-name",
    "a key that is made while there was none is erased as one that never was",
    "last-words",
    (READABLE, VERIFIED),
    Edit(
        f"{_STORE}erasing",
        "same & KeyRow.erased_at.does_not_exist()",
        "KeyRow.erased_at.does_not_exist()",
    ),
)
_bug(
    "run-keeps-its-prompt",
    "the header of a run keeps what was asked",
    "erased erased-family",
    (NOWHERE,),
    Edit("chalicelib.runs.store:RunStore.erase", ", RunRow.prompt.set(ERASED)]", "]"),
)
_bug(
    "payload-left-in-s3",
    "the payloads of a task stay in S3",
    "erased-family",
    (NOWHERE,),
    Edit(
        "chalicelib.background.erasing:TaskEraser.erase",
        "self.payloads.erase(owner, subject)",
        "pass",
    ),
)
_bug(
    "only-the-first-page",
    "payloads are deleted as far as the first answer lists them",
    "erased-family",
    (NOWHERE,),
    Edit(
        "chalicelib.background.payloads:Payloads.erase", "if not found:", "if found or not found:"
    ),
)
_bug(
    "reason-in-clear",
    "why an operator cancelled a task stands in the journal in clear",
    "erased-while-running",
    (NOWHERE,),
    Edit(
        "chalicelib.background.events:moved",
        'details={"from": task.state, "attempts": task.attempt + 1},',
        'details={"from": task.state, "attempts": task.attempt + 1, "reason": reason},',
    ),
)
_bug(
    "reason-in-the-terminal-event",
    "the terminal event repeats why an operator cancelled a task",
    "erased-while-running",
    (NOWHERE,),
    Edit("chalicelib.runs.conclusion:_finished", "task.reason_for_all", "task.reason"),
)
_bug(
    "outcome-erased",
    "the erasure of a task takes its outcome along",
    "erased erased-family",
    (STAYS,),
    Edit(
        "chalicelib.background.store:WorkStore.erase",
        "WorkRow.erased.set(True),",
        "WorkRow.erased.set(True), WorkRow.finished_at.remove(),",
    ),
)
_bug(
    "erased-while-it-runs",
    "a task is erased whatever its state",
    "erased-while-running",
    (ENDED,),
    Edit(
        "chalicelib.background.erasing:TaskEraser._is_erased",
        "not task.state.is_terminal or task.wake_at is not None",
        "False",
    ),
)
_bug(
    "waits-by-one-clock",
    "an erasure waits as if the clocks of all workers were one",
    "erased",
    (NOWHERE,),
    Edit(
        f"{_ERASURE}perform", "erasure.erased_at + FORGOTTEN_AFTER", "erasure.erased_at + LIFETIME"
    ),
)
_bug(
    "header-erased-once",
    "what a late conclusion writes into the header of an erased run stays there",
    "erased-while-running",
    (NOWHERE,),
    Edit("chalicelib.runs.store:RunStore.erase", "not _is_erased(row)]", "not row.erased]"),
    Edit(
        "chalicelib.background.erasing:TaskEraser._is_erased",
        " or task.wake_at is not None:",
        ":",
    ),
)
