"""Planted bugs of the journal: its appends, seals, verifications, searches and exports."""

from tests.simulation.bugs import bug
from tests.simulation.policy_bugs import BUGS

__all__ = ["BUGS"]
_STORE = "chalicelib.journal.store:"
_JOURNAL = f"{_STORE}JournalStore."
_SEALS = "chalicelib.journal.seals.store:SealStore."
_SEALER = "chalicelib.journal.seals.sealer:Sealer."
_VERIFY = "chalicelib.journal.verify:"
_VERIFIER = f"{_VERIFY}Verifier."
_EXPORT = "chalicelib.background.journal_export:JournalExport."
_SEARCH = "chalicelib.journal.search:"
_ANYTHING = "JournalRow.pk.exists() | JournalRow.pk.does_not_exist()"

APPEND_ONLY = "J1 the journal is append-only"
NO_FORK = "J2 no gap and no fork"
LINKED = "J7 a link is that of content and place"
REGISTERED = "J8 a stream is registered with its first event"
THERE = "J9 what was acknowledged is there"
ONCE = "J10 an event stands once"
KEPT = "P1 a large event stands before its row"
CHAINED = "S1 seals form one chain"
STANDS = "S2 a seal vouches for what stands, and goes on"
COMPLETE = "S3 a seal leaves out nothing that stood before"
COPIED = "S4 a seal is copied before the next"
OF_A_SEAL = "S5 a copy is of a seal that stands"
LATE = "S6 late seals are one incident, and over with the next seal"
SEEN = "S7 nobody waits for a seal in silence"
HONEST = "V1 an honest journal verifies"
FENCED = "V3 who lost a verification does not write it"
NO_ALARM = "V4 no false alarm"
FOUND = "V5 what was changed is found"
LOOKED_AT = "V6 each event is looked at once"
TOLD = "V7 a sealer tells what does not go on"
EXPORTED = "X1 an export has what stood before it, once"
LINES = "X2 an export is one chain of lines"
FOUND_ONCE = "F1 a search finds an entry once"
FOUND_ALL = "F2 a search finds what stood before it"
BACK = "F3 a search goes back in time"

# Appends.

bug(
    "first-event-overwritten",
    "the first event of a stream is put without asking whether there is one",
    "first-at-once sealed-first",
    APPEND_ONLY,
    (f"{_STORE}_writes", "JournalRow.pk.does_not_exist()", _ANYTHING),
)
bug(
    "stream-not-registered",
    "the first event of a stream does not enter the register",
    "first-at-once large-event",
    REGISTERED,
    (f"{_STORE}_writes", "if row.sk > 1:", "if True:"),
)
bug(
    "registered-beside-the-event",
    "the first event of a stream and its name in the register are two writes",
    "first-at-once large-event sealed-first",
    REGISTERED,
    (
        f"{_STORE}_put",
        "JournalRow.transact(*_writes(row))",
        "for write in reversed(_writes(row)):\n            JournalRow.transact(write)",
    ),
)
bug(
    "link-of-another-place",
    "an event is hashed with the position of the one before it",
    "first-at-once large-event",
    LINKED,
    (f"{_JOURNAL}_next_row", "link(row.pk, str(row.sk),", "link(row.pk, str(head.seq),"),
)
bug(
    "large-event-after-its-row",
    "a large event is kept after the row that points to it",
    "large-event",
    KEPT,
    ("chalicelib.journal.details:LargeEvents.keep", "aws.call(", "self.put = lambda: aws.call("),
    (
        f"{_JOURNAL}append",
        "_put(row)",
        'getattr(self.large, "put", lambda: None)() if _put(row) else None',
    ),
)

# Seals.

bug(
    "seal-overwritten",
    "a seal is put at a position without asking whether it is free",
    "sealed-at-once sealed sealed-first",
    APPEND_ONLY,
    (f"{_SEALS}put", "JournalRow.pk.does_not_exist()", _ANYTHING),
)
bug(
    "seal-of-known-streams",
    "a sealer seals the streams of the last seal, and not those of the register",
    "sealed-first sealed",
    COMPLETE,
    (f"{_SEALER}_heads", "*self.journal.streams(), ", ""),
)
bug(
    "heads-remembered",
    "a sealer does not read again where streams end",
    "sealed sealed-first sealed-meanwhile",
    COMPLETE,
    (
        f"{_SEALER}_heads",
        "self.journal.head(name)",
        'self.journal.__dict__.setdefault("ends", {}).setdefault(name, self.journal.head(name))',
    ),
)
bug(
    "heads-before-the-seal",
    "a sealer reads where streams end, and then which seal is the last",
    "sealed sealed-meanwhile sealed-at-once",
    STANDS,
    (f"{_SEALER}run", "known, before = self._known()", "heads = self._heads(None)"),
    (f"{_SEALER}run", "heads = self._heads(before)", "known, before = self._known()"),
)
bug(
    "copy-before-the-seal",
    "a seal is copied, and then put",
    "sealed-at-once sealed-meanwhile sealed",
    OF_A_SEAL,
    (
        f"{_SEALER}run",
        "standing = self.seals.put(self._next(before, heads, max(now, last or now)))",
        (
            "made = self._next(before, heads, max(now, last or now))\n"
            "    self.copies.put(made)\n"
            "    standing = self.seals.put(made)"
        ),
    ),
)
bug(
    "copy-of-the-refused-seal",
    "a sealer copies its own seal, although another one stands at its position",
    "sealed-at-once sealed-meanwhile sealed",
    OF_A_SEAL,
    (f"{_SEALS}put", "return _seal(refused.old)", "return seal"),
)
bug(
    "copy-not-made-up-for",
    "a seal whose sealer died is not copied by the next one",
    "sealed-meanwhile sealed-at-once sealed",
    COPIED,
    (f"{_SEALER}_copy_if_missing", "before is not None and", "False and"),
)
bug(
    "previous-signature-dropped",
    "a seal does not carry the signature of the one before it",
    "sealed-at-once sealed",
    CHAINED,
    (f"{_SEALER}_next", 'before.signature if before else ""', '""'),
)
bug(
    "seal-of-a-slow-clock",
    "a seal is older than the one before it, where its sealer's clock is behind",
    "sealed sealed-meanwhile sealed-at-once watched",
    CHAINED,
    (f"{_SEALER}run", "max(now, last or now)", "now"),
)
bug(
    "seals-forked",
    "a seal names the beginning of the chain as the one before it",
    "sealed-at-once sealed",
    NO_FORK,
    (
        "chalicelib.journal.seal:place",
        "after.link if after else genesis(STREAM)",
        "genesis(STREAM)",
    ),
)
bug(
    "copies-read-last",
    "a sealer takes the copy of a seal that is put meanwhile for one of a table set back",
    "sealed-at-once sealed-meanwhile sealed",
    NO_ALARM,
    (
        f"{_SEALER}_known",
        "known = list(self.copies.since(seen.seq if seen else 0))",
        "before = self.seals.last()",
    ),
    (
        f"{_SEALER}_known",
        "return known, self.seals.last()",
        "return list(self.copies.since(seen.seq if seen else 0)), before",
    ),
    (f"{_SEALER}run", "if faults and self.seals.last() != before:", "if False:"),
)
bug(
    "late-again-each-time",
    "late seals are counted by the look, not by what is late",
    "watched",
    LATE,
    (
        "chalicelib.journal.seals.sealer:late",
        'occurrence=f"late/{since}"',
        'occurrence=f"late/{rfc3339(now)}"',
    ),
)
bug(
    "late-for-ever",
    "only a sealer that was late itself says that seals come in time again",
    "watched",
    LATE,
    (
        f"{_SEALER}run",
        "self.alarm.late_is_over()",
        "if last is not None and now - last > LATE:\n        self.alarm.late_is_over()",
    ),
)
bug(
    "look-taken-for-a-seal",
    "a watch remembers when it looked, not when the last seal was",
    "watched",
    SEEN,
    (
        "chalicelib.journal.seals.watch:SealWatch.run",
        "self._fresh_at = since",
        "self._fresh_at = now",
    ),
)

# What was changed.

bug(
    "ends-not-compared",
    "a sealer does not look whether streams go on from where they were sealed",
    "attacked",
    TOLD,
    (f"{_SEALER}_faults", "in moved_back(sealed, then)", "in ()"),
)
bug(
    "set-back-not-seen",
    "a sealer does not look whether S3 knows a later seal",
    "attacked",
    TOLD,
    (f"{_SEALER}run", "*_set_back(known, before)", ""),
)
bug(
    "payload-not-hashed",
    "a verification looks whether a large event is there, not what it says",
    "attacked",
    FOUND,
    (
        f"{_VERIFIER}_check_elsewhere",
        'body is None or not _is_payload(body, content["payload"])',
        "body is None",
    ),
)
bug(
    "content-not-hashed",
    "a verification follows the links, and does not hash what they are of",
    "attacked",
    FOUND,
    (
        f"{_VERIFIER}_check_row",
        "row.link != link(stream, str(row.seq), row.previous, row.content)",
        "False",
    ),
)
bug(
    "heads-not-compared",
    "a verification looks how far a stream goes, not whether that is what was sealed",
    "attacked",
    FOUND,
    (f"{_VERIFIER}_check_head", "elif at == head:", "elif at.seq == head.seq:"),
)
bug(
    "copies-not-missed",
    "a verification does not look whether each seal but the newest has its copy",
    "attacked",
    FOUND,
    (f"{_VERIFIER}_check_copies", "elif not links and", "elif False and"),
)

# Verifications.

bug(
    "verification-without-token",
    "a worker that lost a verification writes how far it has come",
    "verified",
    FENCED,
    (
        "chalicelib.journal.verification.store:VerificationStore.keep",
        "VerificationRow.pk.does_not_exist() | (VerificationRow.token <= token)",
        "VerificationRow.pk.does_not_exist() | VerificationRow.pk.exists()",
    ),
)
bug(
    "seal-before-forgotten",
    "a verification goes on without the seal before the next one",
    "verified",
    (NO_ALARM, HONEST),
    (f"{_VERIFIER}_pairs", "max(0, self.progress.seal - 1)", "self.progress.seal"),
)
bug(
    "seal-still-to-be-copied",
    "a verification misses the copy of the newest seal",
    "verified sealed-at-once sealed-first",
    (NO_ALARM, HONEST),
    (
        f"{_VERIFIER}_is_uncopied",
        "if next(self._sources.seals(seal.seq), None) is None:",
        "if next(self._sources.seals(0), None) is None:",
    ),
)
bug(
    "event-looked-at-twice",
    "a verification goes on with the last event that it has looked at",
    "verified",
    (LOOKED_AT, NO_ALARM, HONEST),
    (
        f"{_VERIFIER}_cursor",
        "self._at(stream).seq",
        "max(0, self._at(stream).seq - 1)",
    ),
)

# Exports.

bug(
    "last-of-a-page-skipped",
    "an export leaves out the last entry of a full page",
    "exported",
    EXPORTED,
    (
        f"{_EXPORT}_batch",
        "taken = [entry for entry in found if query.takes(entry)]",
        "taken = [entry for entry in found[: _BATCH - 1] if query.takes(entry)]",
    ),
)
bug(
    "export-of-yesterday",
    "an export is read from a replica that lags",
    "exported",
    (EXPORTED, LINES),
    (f"{_JOURNAL}following", "consistent_read=True", "consistent_read=False"),
)
bug(
    "last-line-forgotten",
    "an export goes on without the hash of its last line",
    "exported",
    (LINES, EXPORTED),
    (
        f"{_EXPORT}perform",
        "self.files.keep(owner, name, progress)",
        'self.files.keep(owner, name, replace(progress, hash=""))',
    ),
)

# Searches.

bug(
    "cursor-off-by-one",
    "the next page begins with the last entry of the one before it",
    "searched",
    FOUND_ONCE,
    (f"{_SEARCH}_Tail.take", "self.before = entry.seq", "self.before = entry.seq + 1"),
)
bug(
    "entry-between-pages",
    "the next page begins behind the entry that comes next",
    "searched",
    FOUND_ALL,
    (f"{_SEARCH}_Tail.take", "self.before = entry.seq", "self.before = entry.seq - 1"),
)
bug(
    "looked-ahead-from-the-page",
    "what is looked ahead begins again behind the page",
    "searched",
    (FOUND_ONCE, BACK),
    (
        f"{_SEARCH}_Tail._look_ahead",
        "self._ahead[-1].seq if self._ahead else self.before",
        "self.before",
    ),
)
