from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.incidents.bounds import (
    DETAIL_CHARACTERS,
    EVIDENCE_BYTES,
    KEY_CHARACTERS,
    MOST_RELATED,
    SUMMARY_CHARACTERS,
    evidence_text,
)
from chalicelib.incidents.incident import (
    REMEMBERED_OCCURRENCES,
    Effect,
    IncidentState,
    RuntimeIncidentRecord,
    Sighting,
    decide,
    incident_id,
)
from chalicelib.incidents.kind import IncidentDomain, IncidentSeverity
from chalicelib.incidents.kinds import DEAD_WORK
from chalicelib.incidents.life import resolved
from tests.support.world import NOON

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
rule = settings(deadline=None)
texts = st.text(st.characters(codec=None), max_size=400)

STUCK = Sighting(
    owner="main",
    kind=DEAD_WORK,
    dedupe_key="task:T",
    occurrence="sweep-1",
    summary="task T is stuck",
    detail="no sign of life for 2 minutes",
    evidence={"silent": "120 s"},
    related=("T",),
)


def seen(
    *sightings: Sighting, record: RuntimeIncidentRecord | None = None
) -> RuntimeIncidentRecord:
    for number, sighting in enumerate(sightings):
        record = decide(record, sighting, NOON + number * MINUTE).record
    assert record is not None
    return record


def again(number: int = 2, severity: IncidentSeverity = IncidentSeverity.MEDIUM) -> Sighting:
    return replace(STUCK, kind=DEAD_WORK._replace(severity=severity), occurrence=f"sweep-{number}")


class TestIdentity:
    def test_a_fault_has_one_id_wherever_it_is_seen(self) -> None:
        assert incident_id("main", IncidentDomain.QUEUE, "lane:high") == "incident_b167e45e21994c76"

    def test_no_two_owners_domains_and_keys_share_an_id(self) -> None:
        ids = {
            incident_id(owner, domain, key)
            for owner in ("main", "mainq")
            for domain in IncidentDomain
            for key in ("", "a", "queue", "ueue")
        }

        assert len(ids) == 2 * len(IncidentDomain) * 4

    def test_long_keys_that_begin_alike_are_different_faults(self) -> None:
        one, other = ("k" * 1000 + end for end in "ab")

        assert replace(STUCK, dedupe_key=one).incident_id != (
            replace(STUCK, dedupe_key=other).incident_id
        )

    @rule
    @given(texts)
    def test_the_key_that_a_record_shows_leads_back_to_it(self, key: str) -> None:
        record = seen(replace(STUCK, dedupe_key=key))

        assert incident_id("main", IncidentDomain.WATCHDOG, record.dedupe_key) == record.id


class TestFirstSighting:
    def test_a_fault_that_nobody_knew_opens_an_incident(self) -> None:
        decision = decide(None, STUCK, NOON)

        assert decision.effect is Effect.NEW
        assert (decision.record.state, decision.record.count) == (IncidentState.OPEN, 1)
        assert decision.record.first_seen == decision.record.last_seen == NOON


class TestSeenAgain:
    def test_another_sighting_counts(self) -> None:
        decision = decide(seen(STUCK), again(), NOON + MINUTE)

        assert (decision.effect, decision.record.count) == (Effect.SEEN_AGAIN, 2)
        assert decision.record.first_seen == NOON
        assert decision.record.last_seen == NOON + MINUTE

    def test_the_same_occurrence_changes_nothing(self) -> None:
        record = seen(STUCK, again())

        assert decide(record, STUCK, NOON + MINUTE) == (Effect.REPEAT, record)

    def test_the_latest_occurrences_are_remembered_and_no_more(self) -> None:
        record = seen(*(again(number) for number in range(REMEMBERED_OCCURRENCES + 1)))

        assert decide(record, again(1), NOON).effect is Effect.REPEAT
        assert decide(record, again(0), NOON).effect is Effect.SEEN_AGAIN

    def test_an_older_sighting_counts_but_moves_nothing_back(self) -> None:
        late = replace(again(), summary="older", detail="older", evidence={"age": "older"})

        record = decide(seen(STUCK), late, NOON - SECOND).record

        assert (record.count, record.last_seen, record.summary) == (2, NOON, STUCK.summary)
        assert (record.detail, record.evidence) == (STUCK.detail, STUCK.evidence)

    def test_the_latest_sighting_describes_the_fault(self) -> None:
        record = seen(STUCK, replace(again(), summary="new", detail="", evidence={"silent": "1 h"}))

        assert (record.summary, record.detail) == ("new", "")
        assert record.evidence == {"silent": "1 h"}

    def test_what_is_related_gathers_latest_first(self) -> None:
        assert seen(STUCK, replace(again(), related=("U", "T"))).related == ("U", "T")
        assert seen(STUCK, replace(again(), related=("U",))).related == ("U", "T")

    @pytest.mark.parametrize("severity", IncidentSeverity)
    def test_severity_only_rises_while_it_is_open(self, severity: IncidentSeverity) -> None:
        record = seen(STUCK, again(severity=severity))

        assert record.severity.rank == max(severity.rank, IncidentSeverity.MEDIUM.rank)

    def test_severities_rank_from_low_to_critical(self) -> None:
        assert [severity.rank for severity in IncidentSeverity] == [0, 1, 2, 3]

    def test_a_sighting_leaves_a_remediation_under_way(self) -> None:
        record = replace(seen(STUCK), state=IncidentState.REMEDIATING)

        decision = decide(record, again(), NOON)

        assert decision.effect is Effect.SEEN_AGAIN
        assert decision.record.state is IncidentState.REMEDIATING


class TestResolved:
    def test_an_incident_that_is_over_is_not_active(self) -> None:
        record = resolved(seen(STUCK), NOON + MINUTE)

        assert (record.is_active, record.resolved_at) == (False, NOON + MINUTE)

    def test_it_is_over_once(self) -> None:
        record = resolved(seen(STUCK), NOON + MINUTE)

        assert resolved(record, NOON + 2 * MINUTE) is record

    def test_it_is_never_over_before_it_was_last_seen(self) -> None:
        assert resolved(seen(STUCK), NOON - MINUTE).resolved_at == NOON


class TestReopened:
    def test_a_fault_that_comes_back_reopens_its_incident_and_counts_on(self) -> None:
        over = resolved(seen(STUCK, again(2)), NOON + 2 * MINUTE)

        decision = decide(over, again(3), NOON + 3 * MINUTE)

        assert decision.effect is Effect.REOPENED
        assert decision.record.state is IncidentState.OPEN
        assert (decision.record.count, decision.record.reopened) == (3, 1)
        assert (decision.record.first_seen, decision.record.opened_at) == (NOON, NOON + 3 * MINUTE)
        assert decision.record.resolved_at is None

    def test_each_return_is_visible(self) -> None:
        record = seen(STUCK)
        for number in range(5):
            record = decide(resolved(record, NOON), again(10 + number), NOON).record

        assert (record.count, record.reopened) == (6, 5)

    def test_it_comes_back_as_bad_as_it_is_now(self) -> None:
        over = resolved(seen(again(1, IncidentSeverity.CRITICAL)), NOON)

        record = decide(over, again(2, IncidentSeverity.LOW), NOON).record

        assert record.severity is IncidentSeverity.LOW

    def test_a_repeat_from_before_the_resolution_reopens_nothing(self) -> None:
        over = resolved(seen(STUCK), NOON)

        assert decide(over, STUCK, NOON + MINUTE) == (Effect.REPEAT, over)

    def test_a_clock_that_is_behind_does_not_turn_history_round(self) -> None:
        over = resolved(seen(STUCK), NOON + MINUTE)

        record = decide(over, again(), NOON - MINUTE).record

        assert record.opened_at == record.last_seen == NOON + MINUTE


class TestBounds:
    @rule
    @given(
        summary=texts,
        detail=st.text(st.characters(codec=None), max_size=3000),
        evidence=st.dictionaries(texts, texts, max_size=12),
        related=st.lists(texts, max_size=30),
    )
    def test_a_report_of_any_size_is_cut_to_its_bounds(
        self, summary: str, detail: str, evidence: Mapping[str, str], related: list[str]
    ) -> None:
        record = seen(
            replace(
                STUCK, summary=summary, detail=detail, evidence=evidence, related=tuple(related)
            )
        )

        assert len(record.summary.encode()) <= 4 * SUMMARY_CHARACTERS
        assert len(record.summary) <= SUMMARY_CHARACTERS
        assert len(record.detail) <= DETAIL_CHARACTERS
        assert len(evidence_text(record.evidence).encode()) <= EVIDENCE_BYTES
        assert len(record.related) <= MOST_RELATED

    @rule
    @given(texts)
    def test_a_key_of_any_size_is_cut_to_its_bounds(self, key: str) -> None:
        assert len(seen(replace(STUCK, dedupe_key=key)).dedupe_key) <= KEY_CHARACTERS

    def test_text_that_fits_is_left_as_it_is(self) -> None:
        text = "x" * SUMMARY_CHARACTERS

        assert seen(replace(STUCK, summary=text)).summary == text

    def test_text_that_was_cut_shows_it(self) -> None:
        text = "x" * (SUMMARY_CHARACTERS + 1)

        assert seen(replace(STUCK, summary=text)).summary == text[:199] + "…"

    def test_evidence_that_does_not_fit_leaves_room_for_what_does(self) -> None:
        evidence = {f"{number}": "\0" * 256 for number in range(9)} | {"size": "7 MB"}

        assert seen(replace(STUCK, evidence=evidence)).evidence == {"size": "7 MB"}

    def test_a_thousand_sightings_leave_the_record_as_small_as_sixteen(self) -> None:
        sightings = [replace(again(number), related=(f"T{number}",)) for number in range(1000)]

        record = seen(*sightings)

        assert len(record.occurrences) == REMEMBERED_OCCURRENCES
        assert record.related == tuple(f"T{number}" for number in range(999, 983, -1))
