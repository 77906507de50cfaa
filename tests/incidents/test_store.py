from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import botocore.client
import pytest

from chalicelib.errors import Unavailable
from chalicelib.incidents.incident import (
    IncidentState,
    RuntimeIncidentRecord,
    Sighting,
)
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.incidents.kinds import DEAD_WORK
from chalicelib.incidents.rows import EntryRow, RecordRow
from chalicelib.incidents.store import IncidentStore
from tests.support.faults import Crash, before, crash, every_write_retried, recorded
from tests.support.world import MINUTE, NOON

pytestmark = pytest.mark.usefixtures("world")

TRANSACTION = "TransactWriteItems"
MS = timedelta(milliseconds=1)
WATCHDOG, QUEUE = IncidentDomain.WATCHDOG, IncidentDomain.QUEUE
MEDIUM, HIGH = IncidentSeverity.MEDIUM, IncidentSeverity.HIGH


@pytest.fixture
def incidents() -> IncidentStore:
    return IncidentStore()


def sighting(
    occurrence: str = "1",
    key: str = "task:T",
    *,
    owner: str = "main",
    domain: IncidentDomain = WATCHDOG,
    severity: IncidentSeverity = MEDIUM,
) -> Sighting:
    return Sighting(
        owner=owner,
        kind=DEAD_WORK._replace(domain=domain, severity=severity),
        dedupe_key=key,
        occurrence=occurrence,
        summary=f"{key} is stuck",
        detail="no sign of life",
        evidence={"silent": "120 s"},
        related=("T",),
    )


def stored(incidents: IncidentStore, record: RuntimeIncidentRecord) -> RuntimeIncidentRecord:
    found = incidents.get(record.owner, record.id)
    assert found is not None
    return found


def keys(incidents: IncidentStore, owner: str = "main") -> list[str]:
    return [record.dedupe_key for record in incidents.active(owner, None, 100).items]


def states(incidents: IncidentStore, record: RuntimeIncidentRecord) -> list[str]:
    return [str(entry.state) for entry in reversed(incidents.history(record.owner, record.id))]


@contextmanager
def before_first(operation: str, act: Callable[[], Any], times: int = 1) -> Iterator[None]:
    """Act before the first calls of an operation that names several tables."""
    real, left = botocore.client.BaseClient._make_api_call, [times]

    def call(client: Any, name: str, arguments: dict[str, Any]) -> Any:
        if name == operation and left[0]:
            left[0] -= 1
            with patch.object(botocore.client.BaseClient, "_make_api_call", real):
                act()
        return real(client, name, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield


class TestRaise:
    def test_an_incident_reads_back_as_it_was_raised(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        assert stored(incidents, record) == record

    def test_sightings_are_counted(self, incidents: IncidentStore) -> None:
        for number in range(3):
            record = incidents.raise_(sighting(str(number)), NOON + number * MINUTE)

        assert record.count == 3
        assert stored(incidents, record) == record

    def test_a_sighting_reported_twice_is_counted_once(self, incidents: IncidentStore) -> None:
        first = incidents.raise_(sighting(), NOON)

        assert incidents.raise_(sighting(), NOON + MINUTE) == first

    def test_every_write_repeated_by_the_sdk_is_counted_once(
        self, incidents: IncidentStore
    ) -> None:
        with every_write_retried():
            for number in range(3):
                record = incidents.raise_(sighting(str(number)), NOON)

        assert (record.count, stored(incidents, record).count) == (3, 3)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("at", [1, 2])
    @pytest.mark.parametrize("known", [False, True])
    def test_a_report_that_died_on_the_way_can_be_made_again(
        self, incidents: IncidentStore, at: int, *, after: bool, known: bool
    ) -> None:
        if known:
            incidents.raise_(sighting("0"), NOON)
        with crash(at, after=after), pytest.raises(Crash):
            incidents.raise_(sighting(), NOON)

        record = incidents.raise_(sighting(), NOON)

        assert record.count == 1 + known
        assert states(incidents, record) == ["open"]

    def test_two_who_see_a_new_fault_at_once_are_both_counted(
        self, incidents: IncidentStore
    ) -> None:
        def other() -> None:
            IncidentStore().raise_(sighting("b"), NOON + MINUTE)

        with before_first(TRANSACTION, other):
            record = incidents.raise_(sighting("a"), NOON)

        assert (record.count, stored(incidents, record)) == (2, record)
        assert states(incidents, record) == ["open"]

    def test_two_who_see_a_known_fault_at_once_are_both_counted(
        self, incidents: IncidentStore
    ) -> None:
        incidents.raise_(sighting("0"), NOON)

        other = replace(sighting("b", severity=HIGH), related=("U",))
        with before("PutItem", "incidents", lambda: IncidentStore().raise_(other, NOON)):
            record = incidents.raise_(sighting("a"), NOON)

        assert (record.count, record.severity, set(record.related)) == (3, HIGH, {"T", "U"})
        assert stored(incidents, record) == record

    def test_who_never_wins_gives_up(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting("0"), NOON)
        incidents.resolve("main", record.id, "gone", NOON)
        flaps = iter(range(100))

        def flap() -> None:
            other = IncidentStore()
            other.raise_(sighting(f"other-{next(flaps)}"), NOON)
            other.resolve("main", record.id, "gone", NOON)

        with before_first(TRANSACTION, flap, times=99), pytest.raises(Unavailable):
            incidents.raise_(sighting("mine"), NOON)

        assert next(flaps) == 8
        assert stored(incidents, record).count == 9

    @pytest.mark.parametrize(
        "text", ["", "x" * 1_000_000, "\0", "\ud800", "a#b|c\n", "\U0001f525" * 9000]
    )
    def test_no_report_is_refused_for_what_it_says(
        self, incidents: IncidentStore, text: str
    ) -> None:
        odd = replace(
            sighting(),
            dedupe_key=text,
            occurrence=text,
            summary=text,
            detail=text,
            evidence={text: text, "size": "7 MB"},
            related=(text, "T"),
        )

        record = incidents.raise_(odd, NOON)

        assert stored(incidents, record) == record
        assert record.evidence["size"] == "7 MB"
        assert incidents.resolve("main", (WATCHDOG, text), text, NOON) == stored(incidents, record)

    def test_instants_are_kept_in_whole_milliseconds(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON + MS / 2)

        assert record.first_seen == NOON

    def test_the_largest_record_stays_under_20_kilobytes(self, incidents: IncidentStore) -> None:
        wide = "\U0001f525" * 3000
        for number in range(20):
            incidents.raise_(
                replace(
                    sighting(str(number), wide),
                    summary=wide,
                    detail=wide,
                    evidence={f"{name}{wide}": wide for name in range(9)},
                    related=(f"{number}{wide}",),
                ),
                NOON,
            )

        (row,) = [row for row in RecordRow.scan() if row.sk == "0"]
        assert len(str(row.to_dynamodb_dict()).encode()) < 20 * 1024


class TestResolve:
    def test_a_resolved_incident_is_not_active(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        after = incidents.resolve("main", record.id, "it moved again", NOON + MINUTE)

        assert after == stored(incidents, record)
        assert (after.state, after.resolved_at) == (IncidentState.RESOLVED, NOON + MINUTE)
        assert keys(incidents) == []

    def test_an_incident_is_resolved_by_its_domain_and_key(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        incidents.resolve("main", (WATCHDOG, "task:T"), "it moved again", NOON)

        assert not stored(incidents, record).is_active

    def test_resolving_twice_changes_nothing(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)
        once = incidents.resolve("main", record.id, "it moved again", NOON)

        assert incidents.resolve("main", record.id, "another", NOON + MINUTE) == once
        assert states(incidents, record) == ["open", "resolved"]
        assert incidents.counts("main").resolved == {(WATCHDOG, MEDIUM): 1}

    def test_resolving_what_never_was_is_nothing(self, incidents: IncidentStore) -> None:
        assert incidents.resolve("main", (WATCHDOG, "task:T"), "it moved", NOON) is None
        assert incidents.counts("main") == ({}, {})

    def test_two_who_resolve_at_once_resolve_it_once(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        def other() -> None:
            IncidentStore().resolve("main", record.id, "theirs", NOON)

        with before_first(TRANSACTION, other):
            incidents.resolve("main", record.id, "mine", NOON)

        assert [entry.reason for entry in incidents.history("main", record.id)][:-1] == ["theirs"]
        assert incidents.counts("main").resolved == {(WATCHDOG, MEDIUM): 1}

    def test_a_sighting_during_the_resolution_is_not_lost(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        with before_first(TRANSACTION, lambda: IncidentStore().raise_(sighting("2"), NOON)):
            after = incidents.resolve("main", record.id, "gone", NOON)

        assert after is not None
        assert (after.count, after.is_active) == (2, False)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("at", [1, 2])
    def test_a_resolution_that_died_on_the_way_can_be_made_again(
        self, incidents: IncidentStore, at: int, *, after: bool
    ) -> None:
        record = incidents.raise_(sighting(), NOON)
        with crash(at, after=after), pytest.raises(Crash):
            incidents.resolve("main", record.id, "gone", NOON)

        incidents.resolve("main", record.id, "gone", NOON)

        assert states(incidents, record) == ["open", "resolved"]
        assert incidents.counts("main") == ({}, {(WATCHDOG, MEDIUM): 1})


class TestReopen:
    def test_a_fault_that_comes_back_is_active_again(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)
        incidents.resolve("main", record.id, "gone", NOON)

        reopened = incidents.raise_(sighting("2"), NOON + MINUTE)

        assert (reopened.count, reopened.reopened) == (2, 1)
        assert incidents.active("main", None, 10).items == [reopened]

    def test_a_late_repeat_of_an_old_report_reopens_nothing(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)
        incidents.resolve("main", record.id, "gone", NOON)

        incidents.raise_(sighting(), NOON + MINUTE)

        assert not stored(incidents, record).is_active

    def test_two_who_see_it_come_back_reopen_it_once(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)
        incidents.resolve("main", record.id, "gone", NOON)

        with before_first(TRANSACTION, lambda: IncidentStore().raise_(sighting("b"), NOON)):
            reopened = incidents.raise_(sighting("a"), NOON)

        assert (reopened.count, reopened.reopened) == (3, 1)
        assert states(incidents, record) == ["open", "resolved", "open"]
        assert incidents.counts("main") == ({(WATCHDOG, MEDIUM): 1}, {})


class TestHistory:
    def test_it_has_one_entry_for_each_change_and_none_for_a_sighting(
        self, incidents: IncidentStore
    ) -> None:
        for round_ in range(2):
            for number in range(5):
                record = incidents.raise_(sighting(f"{round_}.{number}"), NOON)
            incidents.resolve("main", record.id, f"round {round_}", NOON)

        entries = incidents.history("main", record.id)

        told = [(str(entry.state), entry.count, entry.reason) for entry in reversed(entries)]
        assert told == [
            ("open", 1, "task:T is stuck"),
            ("resolved", 5, "round 0"),
            ("open", 6, "task:T is stuck"),
            ("resolved", 10, "round 1"),
        ]

    def test_it_keeps_the_order_of_the_changes_whatever_the_clocks_say(
        self, incidents: IncidentStore
    ) -> None:
        record = incidents.raise_(sighting(), NOON)
        incidents.resolve("main", record.id, "gone", NOON - MINUTE)
        incidents.raise_(sighting("2"), NOON - 2 * MINUTE)

        assert states(incidents, record) == ["open", "resolved", "open"]

    def test_its_keys_are_instant_and_version(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)

        (row,) = EntryRow.page(f"main#{record.id}", EntryRow.sk.startswith("h#"))

        assert row.sk == "h#001795348800000#000000001"

    def test_a_sighting_of_a_known_fault_is_one_read_and_one_write(
        self, incidents: IncidentStore
    ) -> None:
        incidents.raise_(sighting(), NOON)

        with recorded() as calls:
            incidents.raise_(sighting("2"), NOON)

        assert calls.made == ["GetItem incidents", "PutItem incidents"]


class TestActive:
    def test_the_latest_opened_comes_first(self, incidents: IncidentStore) -> None:
        for number in (2, 1, 3):
            incidents.raise_(sighting(key=f"task:{number}"), NOON + number * MINUTE)
        incidents.raise_(sighting("again", "task:1"), NOON + 9 * MINUTE)

        assert keys(incidents) == ["task:3", "task:2", "task:1"]

    def test_what_comes_back_comes_first(self, incidents: IncidentStore) -> None:
        for number in (1, 2):
            incidents.raise_(sighting(key=f"task:{number}"), NOON + number * MINUTE)
        incidents.resolve("main", (WATCHDOG, "task:1"), "gone", NOON + 3 * MINUTE)
        incidents.raise_(sighting("again", "task:1"), NOON + 4 * MINUTE)

        assert keys(incidents) == ["task:1", "task:2"]

    def test_pages_follow_each_other_without_gap_or_repeat(self, incidents: IncidentStore) -> None:
        for number in range(5):
            incidents.raise_(sighting(key=f"task:{number}"), NOON)

        pages, after = [], None
        while True:
            page = incidents.active("main", after, 2)
            pages.append([record.dedupe_key for record in page.items])
            if (after := page.next) is None:
                break

        assert [len(page) for page in pages] == [2, 2, 1]
        assert sorted(key for page in pages for key in page) == [
            f"task:{number}" for number in range(5)
        ]

    def test_what_the_index_still_lists_though_it_is_resolved_is_left_out(
        self, incidents: IncidentStore
    ) -> None:
        for number in (1, 2):
            incidents.raise_(sighting(key=f"task:{number}"), NOON)

        def resolve() -> None:
            IncidentStore().resolve("main", (WATCHDOG, "task:1"), "gone", NOON)

        with before_first("BatchGetItem", resolve):
            assert keys(incidents) == ["task:2"]

    def test_an_owner_sees_its_own_alone(self, incidents: IncidentStore) -> None:
        mine = incidents.raise_(sighting(), NOON)
        theirs = incidents.raise_(sighting(owner="other"), NOON)

        assert mine.id != theirs.id
        assert incidents.active("main", None, 10).items == [mine]
        assert incidents.get("other", mine.id) is None
        assert incidents.resolve("other", mine.id, "not mine", NOON) is None
        assert incidents.history("other", mine.id) == []
        assert stored(incidents, mine).is_active


class TestCounts:
    def test_each_kind_is_counted_active_and_resolved(self, incidents: IncidentStore) -> None:
        incidents.raise_(sighting(key="a"), NOON)
        incidents.raise_(sighting(key="b"), NOON)
        incidents.raise_(sighting(key="c", domain=QUEUE, severity=HIGH), NOON)
        incidents.raise_(sighting(key="d", owner="other"), NOON)
        incidents.resolve("main", (WATCHDOG, "a"), "gone", NOON)

        active = {(WATCHDOG, MEDIUM): 1, (QUEUE, HIGH): 1}
        assert incidents.counts("main") == (active, {(WATCHDOG, MEDIUM): 1})

    def test_an_incident_is_counted_as_bad_as_it_has_become(self, incidents: IncidentStore) -> None:
        incidents.raise_(sighting(), NOON)
        record = incidents.raise_(sighting("2", severity=HIGH), NOON)
        assert incidents.counts("main").active == {(WATCHDOG, HIGH): 1}

        incidents.resolve("main", record.id, "gone", NOON)

        assert incidents.counts("main") == ({}, {(WATCHDOG, HIGH): 1})

    def test_what_comes_back_milder_leaves_the_count_it_was_resolved_under(
        self, incidents: IncidentStore
    ) -> None:
        record = incidents.raise_(sighting(severity=HIGH), NOON)
        incidents.resolve("main", record.id, "gone", NOON)

        incidents.raise_(sighting("2", severity=MEDIUM), NOON)

        assert incidents.counts("main") == ({(WATCHDOG, MEDIUM): 1}, {})


class TestAllActive:
    def test_each_is_found_once_and_then_from_the_beginning(self, incidents: IncidentStore) -> None:
        for number in range(5):
            owner = "other" if number % 2 else "main"
            incidents.raise_(sighting(key=f"task:{number}", owner=owner), NOON)
        gone = incidents.raise_(sighting(key="gone"), NOON)
        incidents.resolve("main", gone.id, "gone", NOON)

        found, after = [], None
        for _ in range(4):
            page, after = incidents.all_active(after, 2)
            found += [record.dedupe_key for record in page]
            if after is None:
                break

        assert sorted(found) == [f"task:{number}" for number in range(5)]
        assert after is None


class TestListed:
    def test_what_is_resolved_is_listed_by_when_it_was_first_seen(
        self, incidents: IncidentStore
    ) -> None:
        for number in range(3):
            incidents.raise_(sighting(key=f"task:{number}"), NOON + number * MINUTE)
        incidents.resolve("main", (WATCHDOG, "task:1"), "gone", NOON + 9 * MINUTE)

        first = incidents.listed("main", None, 2)
        second = incidents.listed("main", first.next, 2)

        keys = [record.dedupe_key for record in (*first.items, *second.items)]
        assert keys == ["task:2", "task:1", "task:0"]
        assert second.next is None

    def test_a_row_of_an_earlier_version_reads_back(self, incidents: IncidentStore) -> None:
        record = incidents.raise_(sighting(), NOON)
        new = ["kind", "subject", "changed_at", "listed_owner", "listed_at"]
        RecordRow(f"main#{record.id}", "0").update(
            [getattr(RecordRow, name).remove() for name in new]
        )

        read = stored(incidents, record)

        assert (read.kind, read.known, read.changed_at) == ("", None, NOON)
