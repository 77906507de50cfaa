"""The check of the ledger: the promises of the scheduler, from what was written alone."""

from chalicelib.clock import rfc3339
from chalicelib.healing.doctor.check import Look, found, unknown
from chalicelib.healing.doctor.ledger import Window, breaches
from chalicelib.healing.doctor.reading import LedgerReader
from chalicelib.healing.doctor.rooms import Rooms


def consistent(rooms: Rooms) -> Look:
    """Hold slots, runs and events of the window together."""
    now = rooms.clock.now()
    reader = LedgerReader(
        owner=rooms.owner,
        since=rooms.since,
        now=now,
        jobs=rooms.jobs,
        work=rooms.work,
        runs=rooms.runs,
        journal=rooms.journal,
    )
    ledgers = list(reader.ledgers())
    finished = reader.finished()
    window = Window(rooms.since, now, now)
    bad = [
        f"{each.rule}: {each.subject}: {each.what}"
        for ledger in ledgers
        for each in breaches(ledger, finished, window, rooms.repeatable)
    ]
    rows = sum(len(ledger.rows) for ledger in ledgers)
    good = f"{len(ledgers)} jobs and {rows} rows since {rfc3339(rooms.since)} keep every promise"
    if reader.cut and not bad:
        return unknown(f"{good}; {'; '.join(reader.cut.values())}")
    return found(bad, good)
