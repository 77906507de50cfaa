"""Planted bugs of requests to nodes: of their conditions, their fence, and what ends them."""

from tests.simulation.invocation_checker import (
    AGREED,
    ARROWS,
    BOUND,
    ENDS,
    MAILBOX,
    ONCE,
    REVOKED,
    TOLD,
)
from tests.simulation.planting import Bug, Edit

LOST = "I3 no task is lost"
INVOCATION_BUGS: list[Bug] = []
_ROOM = "chalicelib.nodes.capabilities."
_STORE = f"{_ROOM}invocations.store:InvocationStore."
_MOVES = f"{_ROOM}invocations.moves:"
_DISPATCHER = f"{_ROOM}invocations.dispatching:Dispatcher."


def _bug(name: str, what: str, flows: str, invariants: tuple[str, ...], *edits: Edit) -> None:
    line = f"{flows.partition(' ')[0]}:0:::"
    INVOCATION_BUGS.append(Bug(name, what, tuple(flows.split()), invariants, edits, line))


_bug(
    "changed-whatever-it-is",
    "a request is changed without asking whether it is as it was seen",
    "asked-at-once mediated",
    (ARROWS, ONCE, BOUND),
    Edit(
        f"{_STORE}changing",
        "RequestRow.version == before.version",
        "RequestRow.pk.exists()",
    ),
)
_bug(
    "asked-under-no-key",
    "a step that is repeated asks anew",
    "asked asked-at-once",
    (ONCE,),
    Edit(f"{_ROOM}invocations.invoking:Invoker._key", "if ask.key is None:", "if ask:"),
)
_bug(
    "handed-over-again",
    "what nobody answered is handed over again, whatever it does",
    "asked-at-once asked",
    (ONCE,),
    Edit(f"{_MOVES}overdue", "if not request.is_idempotent:", "if request is None:"),
)
_bug(
    "any-claim-answers",
    "an answer counts under any claim",
    "asked-again asked-at-once",
    (BOUND,),
    Edit(
        f"{_MOVES}_check_claim",
        "not request.claim or not _is_claim(request, claim)",
        "not request.claim",
    ),
)
_bug(
    "device-not-checked",
    "a request is handed over without asking whether the node is out",
    "revoked-meanwhile",
    (REVOKED,),
    Edit(
        f"{_ROOM}store:still_active",
        "(IdentityRow.state == DeviceState.ACTIVE) & (",
        "IdentityRow.pk.exists() & (",
    ),
)
_bug(
    "stays-in-the-mailbox",
    "a request that has ended stays in the mailbox",
    "asked",
    (MAILBOX,),
    Edit(
        f"{_STORE}changing", "MailboxRow.open.delete({after.id})", 'MailboxRow.open.delete({"x"})'
    ),
)
_bug(
    "nobody-ends-it",
    "a request that nobody takes waits for ever",
    "asked-of-nobody",
    (LOST, ENDS),
    Edit(f"{_MOVES}overdue", "request.state.is_terminal or now < request.deadline", "now"),
)
_bug(
    "rejected-as-if-undone",
    "what was handed over to a node that is thrown out counts as not done",
    "revoked-meanwhile",
    (TOLD,),
    Edit(f"{_MOVES}rejected", "is_uncertain=_may_be_done(request)", "is_uncertain=False"),
)
_bug(
    "lost-as-if-undone",
    "what was not answered in time counts as not done",
    "asked asked-at-once",
    (TOLD,),
    Edit(f"{_MOVES}overdue", "Why.OUTCOME_UNKNOWN, is_uncertain=True", "Why.OUTCOME_UNKNOWN"),
)
_bug(
    "done-before-the-person-agreed",
    "a request that needs a person is handed over to be done",
    "mediated",
    (AGREED,),
    Edit(f"{_MOVES}taken", "if request.needs_mediation:", "if request is None:"),
)
_bug(
    "answer-of-any-node",
    "an answer is looked for among the requests of all nodes",
    "answered-by-another",
    (BOUND,),
    Edit(
        f"{_DISPATCHER}_answered",
        "self.keeper.store.get(device.owner, device.id, request_id)",
        "self.keeper.store.get(device.owner, '01JDABCDEFGHJKMNPQRSTVWXYZ', request_id)",
    ),
)
_bug(
    "ended-beside-the-mailbox",
    "a request ends, and then leaves the mailbox",
    "asked",
    (MAILBOX,),
    Edit(
        f"{_STORE}make",
        "RequestRow.transact(*writes)",
        "[RequestRow.transact(each) for each in writes]",
    ),
)
