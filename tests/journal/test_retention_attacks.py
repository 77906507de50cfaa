"""Whoever can write table and bucket changes what was moved: it is found, and where is named."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.journal.retention import tombstone
from chalicelib.journal.retention.tombstone import SignedTombstone
from chalicelib.journal.seals.signing import FileSigner
from tests.journal.ledger import (
    ATTACKS,
    OWNER,
    Ledger,
    a_ledger,
    a_moved_ledger,
    changed,
    moved_again,
    roll_back,
    unmoved,
)

TRIALS, LEDGERS = 60, 6
type Attack = Callable[[Ledger, random.Random], tuple[str, int]]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> FileSigner:
    return FileSigner(tmp_path_factory.mktemp("key") / "seal.pem")


def is_moved(ledger: Ledger, stream: str, seq: int) -> bool:
    return any(signed.tombstone().last >= seq for signed in ledger.buried.get(stream, ()))


def attacked(signer: FileSigner, attack: Attack, trial: int) -> tuple[Ledger, str, int]:
    """Return a ledger whose moved part was attacked, and where."""
    for seed in range(trial, 10_000, TRIALS):
        ledger, chance = a_moved_ledger(signer, seed % LEDGERS), random.Random(seed + 1)
        kept = unmoved(ledger)
        stream, seq = attack(ledger, chance)
        moved_again(ledger, kept)
        if attack is roll_back or is_moved(ledger, stream, seq):
            return ledger, stream, seq
    raise AssertionError


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda it: it.__name__)
def test_every_attack_on_what_was_moved_is_found_and_its_place_is_named(
    signer: FileSigner, attack: Attack
) -> None:
    found = 0
    for trial in range(TRIALS):
        ledger, stream, seq = attacked(signer, attack, trial)
        progress = ledger.verified()
        shown = [each for each in progress.troubles if each.stream == stream]
        assert not progress.holds, trial
        assert shown, trial
        first = min(shown, key=lambda each: each.seq)
        assert first.proven < seq <= first.seq, (trial, seq, first)
        found += 1
    print(f"{attack.__name__} on what was moved: {found} of {TRIALS}")  # noqa: T201 - a figure
    assert found == TRIALS


@pytest.mark.parametrize("seed", range(10))
def test_a_journal_of_which_much_was_moved_holds_as_the_whole_did(
    signer: FileSigner, seed: int
) -> None:
    ledger, whole = a_moved_ledger(signer, seed), a_ledger(signer, seed).verified()
    progress = ledger.verified()
    segments = [each for of, some in ledger.buried.items() for each in some if of.startswith(OWNER)]
    assert progress.troubles == []
    assert (progress.events, progress.unsealed) == (whole.events, whole.unsealed)
    assert progress.found == whole.found
    assert progress.archived_events == sum(each.tombstone().count for each in segments) > 0
    assert progress.segments == len(segments)


@pytest.mark.parametrize("attack", [None, *ATTACKS], ids=lambda it: getattr(it, "__name__", "none"))
@pytest.mark.parametrize("trial", range(3))
def test_a_walk_in_steps_of_many_processes_finds_the_same(
    signer: FileSigner, attack: Attack | None, trial: int
) -> None:
    ledger = attacked(signer, attack, trial)[0] if attack else a_moved_ledger(signer, trial)
    assert ledger.verified(effort=7) == ledger.verified()


# Attacks on tombstones and objects themselves.


def a_victim(ledger: Ledger, chance: random.Random) -> tuple[str, int]:
    """Return a stream of the owner, and the number of one of its segments."""
    streams = sorted(of for of, some in ledger.buried.items() if of.startswith(OWNER) and some)
    stream = chance.choice(streams)
    return stream, chance.randrange(len(ledger.buried[stream]))


def lost_object(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    stream, number = a_victim(ledger, chance)
    said = ledger.buried[stream][number].tombstone()
    del ledger.objects[said.object]
    return stream, said.first


def cut_object(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    stream, number = a_victim(ledger, chance)
    said = ledger.buried[stream][number].tombstone()
    lines = ledger.objects[said.object].splitlines(keepends=True)
    kept = chance.randrange(len(lines))
    ledger.objects[said.object] = b"".join(lines[:kept])
    return stream, said.first + kept


def other_object(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    """Put the object of another segment in its place."""
    stream, number = a_victim(ledger, chance)
    said = ledger.buried[stream][number].tombstone()
    others = [name for name in ledger.objects if name != said.object]
    ledger.objects[said.object] = ledger.objects[chance.choice(others)]
    return stream, said.first


def garbage(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    stream, number = a_victim(ledger, chance)
    said = ledger.buried[stream][number].tombstone()
    junk = [b"\xff\xfe", b"[]", b'{"seq":"1"}', b"null\n", b'{"seq":true,"at":1}']
    ledger.objects[said.object] = chance.choice(junk)
    return stream, said.first


def lost_tombstone(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    stream, number = a_victim(ledger, chance)
    signed = ledger.buried[stream].pop(number)
    return stream, signed.first


def cut_tombstones(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    stream, number = a_victim(ledger, chance)
    signed = ledger.buried[stream][number]
    del ledger.buried[stream][number:]
    return stream, signed.first


def forged_tombstone(ledger: Ledger, chance: random.Random, other: FileSigner) -> tuple[str, int]:
    """Change the counts of a segment, and sign it with another key, or not at all."""
    stream, number = a_victim(ledger, chance)
    signed = ledger.buried[stream][number]
    said = replace(signed.tombstone(), days={"2026-11-22": {"test.other": 1}})
    link = tombstone.place(stream, said.first, said.content(), None)[1]
    signature = chance.choice([signed.signature, other.sign(tombstone.message(link)).hex()])
    ledger.buried[stream][number] = SignedTombstone(
        first=said.first,
        content=said.content(),
        previous=signed.previous,
        link=chance.choice([link, signed.link]),
        signature=signature,
    )
    return stream, said.first


def left_over(ledger: Ledger, chance: random.Random, _other: FileSigner) -> tuple[str, int]:
    """Put another event into the table where one was moved."""
    stream, number = a_victim(ledger, chance)
    said = ledger.buried[stream][number].tombstone()
    row = next(row for it in ledger.segments(stream, said.first - 1) for row in it.rows or ())
    ledger.rows_of[stream].insert(0, changed(row, chance))
    return stream, row.seq


@pytest.mark.parametrize(
    "attack",
    [
        lost_object,
        cut_object,
        other_object,
        garbage,
        lost_tombstone,
        cut_tombstones,
        forged_tombstone,
        left_over,
    ],
    ids=lambda it: it.__name__,
)
def test_every_attack_on_segments_is_found_and_its_place_is_named(
    signer: FileSigner,
    tmp_path: Path,
    attack: Callable[[Ledger, random.Random, FileSigner], tuple[str, int]],
) -> None:
    other = FileSigner(tmp_path / "other.pem")
    for seed in range(TRIALS):
        ledger, chance = a_moved_ledger(signer, seed % LEDGERS), random.Random(seed)
        stream, seq = attack(ledger, chance, other)
        progress = ledger.verified()
        shown = [each for each in progress.troubles if each.stream == stream]
        assert shown, seed
        first = min(shown, key=lambda each: each.seq)
        assert first.proven < seq <= first.seq, (seed, seq, first)
        assert ledger.verified(effort=7) == progress
    print(f"{attack.__name__}: {TRIALS} of {TRIALS}")  # noqa: T201 - a figure
