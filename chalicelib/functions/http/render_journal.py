"""What operators see of the journal."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from chalicelib.background.exports import Export
from chalicelib.clock import rfc3339
from chalicelib.functions.http import journal_views
from chalicelib.journal.entry import Entry
from chalicelib.journal.erasure.reading import Personal, PersonalReader
from chalicelib.journal.erasure.store import Erasure
from chalicelib.journal.retention.days import Count
from chalicelib.journal.verification.store import Verification


def entries(found: Sequence[Entry], reader: PersonalReader) -> list[journal_views.JournalEntry]:
    """Return entries of an owner's journal, and what is personal of them.

    Raises:
        Unavailable: DynamoDB did not answer.
    """
    opened = reader.opened(found)
    return [_entry(entry, personal) for entry, personal in zip(found, opened, strict=True)]


def _entry(entry: Entry, personal: Personal) -> journal_views.JournalEntry:
    shown: journal_views.JournalEntry = {
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
    if personal is not None:
        # One of the three words, where it could not be opened.
        shown["personal"] = cast("Any", personal)
    if "payload" in entry.facts:
        shown["payload"] = entry.facts["payload"]
    return shown


def export(export: Export) -> journal_views.JournalExport:
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


def days(counted: Count, first: date, last: date) -> journal_views.JournalDays:
    """Return the counts of the days that have events."""
    complete_from = counted.complete_from
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "days": [
            {"day": day, "events": sum(kinds.values()), "kinds": dict(sorted(kinds.items()))}
            for day, kinds in counted.days.items()
        ],
        "events": sum(sum(kinds.values()) for kinds in counted.days.values()),
        "archived_events": counted.archived,
        "complete_from": complete_from.isoformat() if complete_from else None,
    }


def _shown(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None


def erasure(erasure: Erasure) -> journal_views.Erasure:
    """Return what was erased, and how far that is."""
    return {
        "task_id": erasure.task_id,
        "subject": erasure.subject,
        "reason": erasure.reason,
        "by": erasure.by,
        "erased_at": rfc3339(erasure.erased_at),
        "done_at": _shown(erasure.done_at),
    }


def verification(verification: Verification) -> journal_views.JournalVerification:
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
        "archived_events": found.archived_events,
        "segments": found.segments,
        "erased_runs": found.erased_runs,
        "personal": found.personal,
        "erased": found.erased,
        "sealed_at": rfc3339(found.sealed_at) if found.sealed_at else None,
        "unsealed": found.unsealed if found.is_complete else None,
        "trouble_count": found.number,
        "troubles": [
            {"stream": each.stream, "seq": each.seq, "proven": each.proven, "what": each.what}
            for each in found.troubles
        ],
    }
