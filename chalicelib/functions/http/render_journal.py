"""What operators see of the journal."""

from datetime import datetime

from chalicelib.background.exports import Export
from chalicelib.clock import rfc3339
from chalicelib.functions.http import views
from chalicelib.journal.entry import Entry
from chalicelib.journal.verification.store import Verification


def entry(entry: Entry) -> views.JournalEntry:
    """Return an entry of the journal."""
    shown: views.JournalEntry = {
        "stream": entry.stream,
        "seq": entry.seq,
        "id": entry.id,
        "kind": entry.kind,
        "actor": entry.actor,
        "subject": entry.subject,
        "at": rfc3339(entry.at),
        "details": entry.details,
        "previous": entry.previous,
        "link": entry.link,
    }
    if "payload" in entry.facts:
        shown["payload"] = entry.facts["payload"]
    return shown


def export(export: Export) -> views.JournalExport:
    """Return how far an export is, and where its file can be read."""
    task, file = export.task, export.file
    return {
        "task_id": task.ref.id,
        "state": task.shown_state,
        "reason": task.reason or None,
        "created_at": _shown(task.created_at),
        "finished_at": _shown(task.finished_at),
        "entries": file.entries if file else None,
        "bytes": file.size if file else None,
        "hash": file.hash if file else None,
        "link": export.link,
        "link_expires_at": _shown(export.link_ends),
    }


def _shown(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None


def verification(verification: Verification) -> views.JournalVerification:
    """Return what a verification has found; `holds` says nothing before it is complete."""
    found = verification.progress
    return {
        "task_id": verification.task_id,
        "complete": found.is_complete,
        "holds": found.holds if found.is_complete else None,
        "begun_at": rfc3339(verification.begun_at),
        "updated_at": rfc3339(verification.at),
        "events": found.events,
        "seals": found.seals,
        "payloads": found.payloads,
        "runs": found.runs,
        "expired_runs": found.expired_runs,
        "sealed_at": rfc3339(found.sealed_at) if found.sealed_at else None,
        "unsealed": found.unsealed if found.is_complete else None,
        "trouble_count": found.number,
        "troubles": [
            {"stream": each.stream, "seq": each.seq, "proven": each.proven, "what": each.what}
            for each in found.troubles
        ],
    }
