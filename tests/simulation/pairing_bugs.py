"""Planted bugs of pairing: of its counting, its conditions, and what it forgets."""

from tests.simulation.pairing_checker import (
    ARROWS,
    FIVE_ATTEMPTS,
    FORGOTTEN,
    ONE_CERTIFICATE,
    ONE_DECISION,
    ONE_PROOF,
)
from tests.simulation.planting import Bug, Edit

PAIRING_BUGS: list[Bug] = []
_STORE = "chalicelib.nodes.pairing.store:"


def _bug(name: str, what: str, flows: str, invariants: tuple[str, ...], *edits: Edit) -> None:
    line = f"{flows.partition(' ')[0]}:0:::"
    PAIRING_BUGS.append(Bug(name, what, tuple(flows.split()), invariants, edits, line))


_bug(
    "attempts-without-end",
    "a code stands as many attempts as somebody likes",
    "many-begin",
    (FIVE_ATTEMPTS,),
    Edit(f"{_STORE}PairingStore.charge", "limits.ATTEMPTS", "99"),
)
_bug(
    "attempts-not-counted",
    "an attempt is looked at without being counted",
    "many-begin paired",
    (FIVE_ATTEMPTS,),
    Edit(
        f"{_STORE}PairingStore.charge",
        "CodeRow.begun.add({session_id})",
        'CodeRow.begun.add({"x"})',
    ),
)
_bug(
    "code-proven-twice",
    "a code that was proven can be proven again",
    "two-prove many-begin",
    (ONE_PROOF,),
    Edit(
        f"{_STORE}PairingStore.consuming",
        "(CodeRow.state == str(CodeState.ACTIVE))",
        "CodeRow.pk.exists()",
    ),
)
_bug(
    "decided-whatever-it-is",
    "a decision does not ask whether the request is still what was looked at",
    "contested",
    (ARROWS, ONE_DECISION),
    Edit(
        f"{_STORE}_is_seen",
        "(SessionRow.state == str(session.state))\n"
        "        & (SessionRow.version == session.version)",
        "SessionRow.pk.exists()",
    ),
)
_bug(
    "issued-for-each-claim",
    "each claim asks for a certificate of its own",
    "claimed-at-once paired",
    (ONE_CERTIFICATE,),
    Edit(
        "chalicelib.nodes.authority.issuing:CertificateIssuer.issue",
        'f"{CertificateOrigin.PAIRING}#{serial_of}"',
        'f"{CertificateOrigin.PAIRING}#{serial_of}#{self.random_bytes(4).hex()}"',
    ),
)
_bug(
    "issued-before-the-approval",
    "a certificate is issued to whoever has proven the code",
    "paired contested",
    (ONE_CERTIFICATE, "I14 no surprise"),
    Edit(
        "chalicelib.nodes.pairing.claiming:Claiming._claim",
        "session.state is SessionState.APPROVED",
        "session.state is not SessionState.ISSUED",
    ),
)
_bug(
    "secrets-kept",
    "the keys of a handshake outlive it",
    "paired contested",
    (FORGOTTEN,),
    Edit(
        f"{_STORE}_changes",
        "changed |= kept._asdict() if kept else dict.fromkeys(Sealed._fields)",
        "changed |= kept._asdict() if kept else {}",
    ),
)
_bug(
    "told-beside-the-decision",
    "a decision is made, and then the journal is told",
    "contested paired",
    (ONE_DECISION,),
    Edit(
        "chalicelib.nodes.pairing.deciding:Deciding.approve",
        "self.journal.append_with(event, [write])",
        "self.store.move(session, after, kept, now); self.journal.append(event)",
    ),
)
_bug(
    "ended-whatever-it-is",
    "the sweep ends a request without asking whether it is still what was looked at",
    "approved-late",
    (ARROWS,),
    Edit(
        f"{_STORE}_is_late",
        "(SessionRow.state == str(session.state))\n"
        "        & (SessionRow.version == session.version)\n"
        "        & (SessionRow.expires_at <= to_ms(now))",
        "SessionRow.pk.exists()",
    ),
)
