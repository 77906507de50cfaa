import json
from datetime import timedelta

import boto3
import pytest

from chalicelib.functions.wiring import journal_tasks, sweeping
from chalicelib.functions.wiring import seals as wiring
from chalicelib.functions.wiring.container import Container
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.incidents.kind import IncidentSeverity
from chalicelib.incidents.store import IncidentStore
from chalicelib.journal.event import STREAMS, Event
from chalicelib.journal.seal import STREAM
from chalicelib.journal.seals.sealer import Sealer
from chalicelib.journal.seals.watch import SealWatch
from chalicelib.journal.store import JournalRow, JournalStore, StreamRow
from chalicelib.journal.verify import Progress, Verifier
from chalicelib.runs.store import RunRow
from tests.support.faults import Crash, before, crash, every_write_retried, recorded
from tests.support.world import World

BUCKET = "palyra-local-123456789012-us-east-1-seals"


def of(world: World) -> Container:
    return Container(settings=world.settings, clock=world.clock, random_bytes=bytes)


@pytest.fixture
def sealer(world: World) -> Sealer:
    return wiring.sealer(of(world))


def happen(world: World, *subjects: str, owner: str = "main") -> None:
    store = JournalStore()
    for number, subject in enumerate(subjects):
        at = world.clock.now()
        name = f"{subject}/{number}/{at}"
        store.append(Event(id=name, owner=owner, kind="a.b", actor="x:y", subject=subject, at=at))


def seals() -> list[JournalRow]:
    return list(JournalRow.query(STREAM))


def copies() -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET)
    return [each["Key"] for each in listed.get("Contents", [])]


def incidents() -> list[RuntimeIncidentRecord]:
    return list(IncidentStore().active("system", None, 50).items)


def verified(world: World, owner: str = "main") -> Progress:
    made = of(world)
    progress = Progress()
    Verifier(
        owner, journal_tasks.verify(made)._reading(owner), wiring.signatures(made).valid, progress
    ).advance()
    return progress


def test_a_seal_names_where_every_stream_of_every_owner_ended(world: World, sealer: Sealer) -> None:
    happen(world, "J", "K", "J")
    happen(world, "L", owner="other")
    assert sealer.run() == {"seal": 1, "streams": 3, "events": 4, "broken": 0}
    (row,) = seals()
    heads = json.loads(row.content)["heads"]
    found = {of: [len(list(JournalRow.query(of))), JournalStore().head(of).link] for of in heads}
    assert heads == found
    assert copies() == [f"seals/000000000001/{row.link}.json"]
    assert verified(world).holds


def test_seals_follow_each_other_also_when_nothing_happens(world: World, sealer: Sealer) -> None:
    happen(world, "J")
    for minutes in (5, 10, 15):
        world.at(minutes)
        sealer.run()
    first, second, third = seals()
    assert (second.previous, third.previous) == (first.link, second.link)
    assert json.loads(third.content)["previous_signature"] == second.signature
    assert len(copies()) == 3
    assert (verified(world).seals, incidents()) == (3, [])


def test_a_stage_in_which_nothing_happened_is_sealed_too(sealer: Sealer) -> None:
    assert sealer.run() == {"seal": 1, "streams": 0, "events": 0, "broken": 0}


def test_two_sealers_at_once_put_one_seal(world: World, sealer: Sealer) -> None:
    happen(world, "J")
    other = wiring.sealer(of(world))
    with before("PutItem", "journal", other.run):
        assert sealer.run()["seal"] == 1
    assert len(seals()) == len(copies()) == 1
    assert incidents() == []


def test_a_seal_whose_reply_was_lost_is_put_once(world: World, sealer: Sealer) -> None:
    happen(world, "J")
    with every_write_retried():
        sealer.run()
    assert (len(seals()), len(copies())) == (1, 1)


def test_a_sealer_that_dies_anywhere_leaves_nothing_that_the_next_does_not_mend(
    world: World,
) -> None:
    happen(world, "J", "K")
    wiring.sealer(of(world)).run()
    with recorded() as calls:
        wiring.sealer(of(world)).run()
    for at in range(1, len(calls.made) + 1):
        for after in (False, True):
            with pytest.raises(Crash), crash(at, after=after):
                wiring.sealer(of(world)).run()
            wiring.sealer(of(world)).run()
            assert len(copies()) == len(seals())
    assert verified(world).holds
    assert incidents() == []


def test_a_seal_is_never_older_than_the_one_before(world: World, sealer: Sealer) -> None:
    world.at(10)
    sealer.run()
    world.at(8)
    sealer.run()
    first, second = seals()
    assert first.at == second.at
    assert verified(world).holds


# What is broken.


def spoil(seq: int) -> JournalRow:
    (row,) = [row for row in JournalRow.scan() if row.pk.startswith("main") and row.sk == seq]
    return row


@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_stream_that_does_not_go_on_from_its_seal_is_an_incident(
    world: World, sealer: Sealer, how: str
) -> None:
    happen(world, "J", "J", "J")
    sealer.run()
    row = spoil(3)
    if how == "cut":
        row.delete()
    else:
        row.link = "0" * 64
        row.save()
        happen(world, "J")
    assert sealer.run()["broken"] == 1
    (incident,) = incidents()
    assert incident.severity is IncidentSeverity.CRITICAL
    assert incident.summary.startswith(f"{row.pk} was {how}")
    assert not verified(world).holds
    world.at(5)
    happen(world, "J")
    sealer.run()
    assert not verified(world).holds  # Later seals do not make it good.


def test_a_stream_that_the_register_forgot_is_still_looked_for(
    world: World, sealer: Sealer
) -> None:
    happen(world, "J")
    sealer.run()
    for row in StreamRow.query("system#streams"):
        row.delete()
    assert sealer.run() == {"seal": 2, "streams": 1, "events": 1, "broken": 0}


def test_a_table_that_was_set_back_is_an_incident(world: World, sealer: Sealer) -> None:
    happen(world, "J")
    for _ in range(3):
        sealer.run()
    for row in seals()[1:]:
        row.delete()
    assert not verified(world).holds
    assert sealer.run()["broken"] == 1
    assert incidents()[0].summary == "the table's last seal is 1, and S3 knows seal 2"
    assert not verified(world).holds


def test_a_seal_that_was_changed_is_an_incident(world: World, sealer: Sealer) -> None:
    happen(world, "J")
    sealer.run()
    (row,) = seals()
    row.signature = "AAAA"
    row.save()
    assert sealer.run()["broken"] == 1
    assert incidents()[0].summary == "seal 1: its signature is not valid"


def test_the_same_fault_seen_by_a_sealer_that_repeats_is_counted_once(
    world: World, sealer: Sealer
) -> None:
    happen(world, "J", "J")
    sealer.run()
    spoil(2).delete()
    with every_write_retried():
        sealer.run()
    assert [each.count for each in incidents()] == [1]


# What is late.


@pytest.fixture
def watch(world: World) -> SealWatch:
    return sweeping.seal_watch(of(world))


def test_seals_that_come_in_time_are_read_of_once_in_a_while(
    world: World, sealer: Sealer, watch: SealWatch
) -> None:
    looks = 0
    with recorded() as calls:
        for minute in range(60):
            world.at(minute)
            if minute % 5 == 0:
                sealer.run()
            made = len(calls.made)
            assert watch.run() == 0
            looks += len(calls.made) - made
    assert incidents() == []
    assert looks <= 5


def test_seals_that_stay_away_are_an_incident_until_one_comes(
    world: World, sealer: Sealer, watch: SealWatch
) -> None:
    sealer.run()
    seen = [watch.run() for minute in range(20) if world.at(minute)]
    assert seen == [0] * 16 + [1] * 4
    (incident,) = incidents()
    assert (incident.severity, incident.count) == (IncidentSeverity.HIGH, 1)
    assert incident.summary == "Nothing was sealed since 2026-11-22T12:00:00Z"
    sealer.run()
    assert (watch.run(), incidents()) == (0, [])


def test_a_new_stage_has_a_quarter_of_an_hour_for_its_first_seal(
    world: World, watch: SealWatch
) -> None:
    assert [watch.run() for minute in (0, 15, 16) if world.at(minute)] == [0, 0, 1]


# What the register and large events are to the journal.


def test_the_first_event_of_a_stream_enters_the_register(world: World) -> None:
    happen(world, *(f"S{number}" for number in range(60)))
    streams = {row.pk for row in JournalRow.scan()}
    assert len(streams) == STREAMS
    assert set(JournalStore().streams()) == streams


def test_a_large_event_stands_in_s3_and_its_row_keeps_digest_and_size(
    world: World, sealer: Sealer
) -> None:
    large = Event(
        id="large",
        owner="main",
        kind="a.b",
        actor="x:y",
        subject="J",
        at=world.clock.now(),
        details={"text": "word " * 60_000},
    )
    JournalStore().append(large)
    (row,) = JournalRow.scan()
    assert row.payload_bytes == len(large.content().encode()) > 262_144
    assert JournalStore().large.read("main", row.payload_sha256) == large.content().encode()
    assert len(row.content) < 1_000
    sealer.run()
    assert (verified(world).holds, verified(world).payloads) == (True, 1)
    bucket = "palyra-local-123456789012-us-east-1-payloads"
    (key,) = [it["Key"] for it in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)
    assert not verified(world).holds


def test_an_event_of_the_largest_size_stands_in_its_row(world: World) -> None:
    def an_event(characters: int) -> Event:
        return Event(
            id="e",
            owner="main",
            kind="a.b",
            actor="x:y",
            subject="J",
            at=world.clock.now(),
            details={"text": ("word " * 60_000)[:characters]},
        )

    room = 262_144 - len(an_event(0).content().encode())
    JournalStore().append(an_event(room))
    (row,) = JournalRow.scan()
    assert len(row.content) == 262_144
    assert row.payload_sha256 is None


def test_the_runs_of_a_journal_are_verified(world: World, sealer: Sealer) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))
    sealer.run()
    progress = verified(world)
    assert (progress.holds, progress.runs) == (True, 1)


def test_a_step_that_was_changed_is_named(world: World, sealer: Sealer) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))
    sealer.run()
    runs = world.services.transcripts.runs
    header = runs.recent("main", None, 1)[0].run_id
    row = next(iter(_steps(header)))
    row.content = row.content.replace("{", '{"x":1,', 1)
    row.save()
    (trouble,) = verified(world).troubles
    assert trouble.what.endswith(f"of run {header} is not as it was")


def test_a_run_that_is_gone_is_a_trouble_until_it_has_expired(world: World, sealer: Sealer) -> None:
    job = world.job()
    world.at(1)
    world.services.handle(world.ref(job))
    sealer.run()
    header = world.services.transcripts.runs.recent("main", None, 1)[0].run_id
    for row in _steps(header):
        row.delete()
    assert not verified(world).holds
    world.clock.move(timedelta(days=91))
    assert (verified(world).holds, verified(world).expired_runs) == (True, 1)


def _steps(run_id: str) -> list[RunRow]:
    return [row for row in RunRow.query(f"main#{run_id}") if row.content]
