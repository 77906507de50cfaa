"""The journal on what is really deployed: sealed on schedule, verified, searched and exported."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

import httpx
import pytest
from boto3.dynamodb.conditions import Key

from chalicelib.journal.chain import link
from chalicelib.journal.event import STREAMS, audit_stream, stream_of
from chalicelib.journal.seal import message
from cli.journal_file import Broken, JournalFile
from infra.local import clients
from infra.local.place import CHECKOUT
from tests.deployed.appending import append
from tests.deployed.cloud import Cloud, eventually
from tests.deployed.driver import SCHEDULED, Item, Owner, rows

OWNER = "scribe"
RULE = "palyra-local-journal_seal-event"
KEY = "alias/palyra-local-seal"
SEALS = "palyra-local-000000000000-us-east-1-seals"
EVENTS = 160
STREAM = 3


@dataclass(eq=False)
class Journal:
    """An owner's journal: what its owner may do, and what somebody with the table in hand can."""

    cloud: Cloud
    token: str

    @cached_property
    def owner(self) -> Owner:
        return Owner(self.cloud, self.token)

    @cached_property
    def table(self) -> Any:
        return clients.resource("dynamodb", self.cloud.endpoint).Table("palyra-local-journal")

    def search(self, **query: Any) -> list[Item]:
        answer = self.owner.get("/v1/journal", **query)
        assert answer.status_code == 200, answer.text
        items: list[Item] = answer.json()["items"]
        return items

    def palyra(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command, for this owner."""
        of_caller = {name: text for name, text in os.environ.items() if name != "STATE"}
        return subprocess.Popen(
            [sys.executable, "-c", "from cli.main import main; main()", "journal", *arguments],
            cwd=CHECKOUT,
            env=of_caller | {"PALYRA_URL": self.cloud.api, "PALYRA_TOKEN": self.token},
            stdout=subprocess.PIPE,
            text=True,
        )

    def verified(self) -> tuple[int, Item]:
        """Return the exit code of `palyra journal verify`, and what it found."""
        command = self.palyra("verify", "--json", "--timeout", "60")
        said, _ = command.communicate(timeout=90)
        return command.returncode, json.loads(said)

    def chain(self, stream: int) -> list[Item]:
        """Return the rows of a stream, in order."""
        found = self.table.query(
            KeyConditionExpression=Key("pk").eq(audit_stream(OWNER, stream)), ConsistentRead=True
        )
        return sorted(found["Items"], key=itemgetter("sk"))

    def seals(self) -> list[Item]:
        found = self.table.query(
            KeyConditionExpression=Key("pk").eq("system#seals"), ConsistentRead=True
        )
        items: list[Item] = found["Items"]
        return items

    def sealed(self, stream: int) -> list[int]:
        """Return where each seal found a stream."""
        heads = [json.loads(seal["content"])["heads"] for seal in self.seals()]
        name = audit_stream(OWNER, stream)
        return [each[name][0] for each in heads if name in each]


@pytest.fixture(scope="module")
def scheduled(cloud: Cloud) -> Iterator[int]:
    """The sealer's schedule shortened to a minute, and the last seal before that."""
    events = cloud.client("events")
    last = max(int(row["sk"]) for row in Journal(cloud, "").seals())
    events.put_rule(Name=RULE, ScheduleExpression="rate(1 minute)")
    yield last
    events.put_rule(Name=RULE, ScheduleExpression="rate(5 minutes)")


@pytest.fixture(scope="module")
def journal(cloud: Cloud, scheduled: int) -> Journal:
    """A journal of some events in all streams, sealed twice on the way and unsealed at the end."""
    append(cloud, OWNER, EVENTS // 2)
    cloud.invoke("journal_seal", SCHEDULED)
    append(cloud, OWNER, EVENTS // 2)
    cloud.invoke("journal_seal", SCHEDULED)
    append(cloud, OWNER, STREAMS)
    assert scheduled
    return Journal(cloud, cloud.token_of(OWNER))


@pytest.fixture(scope="module")
def export(journal: Journal) -> Item:
    """An export of one stream, once it is written."""
    path = journal.owner.post("/v1/journal/exports", {"stream": STREAM}).headers["location"]
    eventually(lambda: journal.owner.get(path).json()["link"] is not None, seconds=30, pause=0.2)
    written: Item = journal.owner.get(path).json()
    return written


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ({"kind": "task"}, 64),
            ({"kind": "job.created"}, 40),
            ({"actor": "token"}, 120),
            ({"actor": "system:daemon", "kind": "job"}, 32),
            ({"text": "NOT NEEDED", "stream": STREAM}, EVENTS // STREAMS + 1),
        ],
    )
    def test_entries_are_found_by_kind_actor_and_text(
        self, journal: Journal, query: Item, number: int
    ) -> None:
        found = journal.search(limit=200, **query)

        assert len(found) == number
        at = [datetime.fromisoformat(each["at"]) for each in found]
        assert at == sorted(at, reverse=True)

    def test_entries_are_found_by_subject_and_time(self, journal: Journal) -> None:
        newest, *_, oldest = journal.search(stream=STREAM)
        subject = journal.search(subject=oldest["subject"])

        assert {each["subject"] for each in subject} == {oldest["subject"]}
        assert stream_of(oldest["subject"]) == STREAM
        between = {"from": oldest["at"], "until": newest["at"]}
        assert len(journal.search(stream=STREAM, **between)) == EVENTS // STREAMS

    def test_a_run_with_the_tool_finds_what_its_owner_did_and_nothing_else(
        self, journal: Journal
    ) -> None:
        asked = {"prompt": "What happened?", "tools": ["journal.search"]}
        body = {"kind": "background_prompt", "payload": asked}
        made = journal.owner.post("/v1/tasks", body).json()
        eventually(
            lambda: journal.owner.get(f"/v1/tasks/{made['id']}").json()["state"] == "succeeded",
            seconds=30,
            pause=0.2,
        )

        _, returned, _ = journal.owner.run(made["id"])["steps"]
        found = returned["content"]["entries"]
        assert len(found) == 20
        assert {(each["kind"], each["subject"]) for each in found[1:]} <= {
            (row["kind"], json.loads(row["content"])["subject"])
            for stream in range(STREAMS)
            for row in journal.chain(stream)
        }


class TestTail:
    def test_it_goes_on_with_what_comes(self, journal: Journal) -> None:
        command = journal.palyra("tail", "--lines", "1", "--follow", "--json")
        try:
            assert command.stdout
            newest = json.loads(command.stdout.readline())
            made = journal.owner.create_job("followed", "1d")
            come = json.loads(command.stdout.readline())
        finally:
            command.terminate()
            command.communicate(timeout=30)

        assert newest["subject"] != made.id
        assert (come["kind"], come["subject"]) == ("job.created", made.id)


class TestExport:
    def test_its_link_leads_to_a_file_that_holds_by_itself(
        self, journal: Journal, export: Item
    ) -> None:
        lines = httpx.get(export["link"]).content.splitlines(keepends=True)
        file = JournalFile()

        assert list(file.checked(lines)) == lines
        file.end_as(export["hash"])
        stored = [(row["sk"], row["content"], row["link"]) for row in journal.chain(STREAM)]
        told = map(json.loads, lines[1:-1])
        exported = [(line["seq"], line["content"], line["link"]) for line in told]
        assert exported == stored[: len(exported)]
        assert len(exported) == export["entries"] >= EVENTS // STREAMS + 1

    def test_a_file_that_somebody_changed_does_not_hold(self, export: Item) -> None:
        lines = httpx.get(export["link"]).content.splitlines(keepends=True)
        lines[5] = lines[5].replace(b"token:", b"tokem:").replace(b"system:", b"sistem:")

        with pytest.raises(Broken, match="line 6 is not the one"):
            list(JournalFile().checked(lines))

    def test_its_link_is_good_for_a_quarter_of_an_hour_and_nobody_can_lengthen_that(
        self, export: Item
    ) -> None:
        longer = export["link"].replace("X-Amz-Expires=900", "X-Amz-Expires=9000")
        older = re.sub(r"(?<=X-Amz-Date=)\d{8}T", "20260101T", export["link"])

        assert longer != export["link"]
        assert httpx.get(longer).status_code == 403
        assert "Request has expired" in httpx.get(older).text


def edited(chain: list[Item], seq: int) -> list[Item]:
    """Change what an event says."""
    row = chain[seq - 1]
    content = row["content"].replace("not needed at night", "nothing to see here")
    return [*chain[: seq - 1], row | {"content": content}, *chain[seq:]]


def deleted(chain: list[Item], seq: int) -> list[Item]:
    return [row for row in chain if row["sk"] != seq]


def cut(chain: list[Item], seq: int) -> list[Item]:
    return chain[: seq - 1]


def rewritten(chain: list[Item], seq: int) -> list[Item]:
    """Change what an event says, and hash it and all behind it anew, as only seals can tell."""
    rows = chain[: seq - 1]
    for row in edited(chain, seq)[seq - 1 :]:
        previous = rows[-1]["link"]
        hashed = link(row["pk"], str(row["sk"]), previous, row["content"])
        rows.append(row | {"previous": previous, "link": hashed})
    return rows


class TestVerify:
    def test_it_holds_and_says_what_no_seal_covers_yet(self, journal: Journal) -> None:
        code, found = journal.verified()

        assert (code, found["holds"], found["troubles"]) == (0, True, [])
        assert found["events"] >= EVENTS + STREAMS
        assert found["seals"] >= 2

    @pytest.mark.parametrize(
        ("attack", "at"), [(edited, 5), (deleted, 5), (cut, 18), (rewritten, 5)]
    )
    def test_what_somebody_does_to_the_table_is_found_where_it_was_done(
        self, journal: Journal, attack: Callable[[list[Item], int], list[Item]], at: int
    ) -> None:
        chain, sealed = journal.chain(STREAM), journal.sealed(STREAM)
        attacked = attack(chain, at)
        try:
            self.put(journal, chain, attacked)
            code, found = journal.verified()
        finally:
            self.put(journal, attacked, chain)

        trouble, *_ = found["troubles"]
        assert (code, found["holds"]) == (1, False)
        assert trouble["stream"] == audit_stream(OWNER, STREAM)
        assert trouble["proven"] == max((seq for seq in sealed if seq < at), default=0)
        # Who hashes all anew is told by the first seal that says otherwise.
        shown = min(seq for seq in sealed if seq >= at) if attack is rewritten else at
        # What happens meanwhile is written where something was cut.
        assert trouble["seq"] in ({at, at + 1, at + 2} if attack is cut else {shown})
        (incident,) = self.incidents(journal)
        assert (incident["severity"], incident["state"]) == ("critical", "open")
        assert json.loads(incident["evidence"])["task"] == found["task_id"]

    @staticmethod
    def put(journal: Journal, before: list[Item], after: list[Item]) -> None:
        """Make the table hold these rows in place of those."""
        kept = {row["sk"] for row in after}
        with journal.table.batch_writer() as batch:
            for row in before:
                if row["sk"] not in kept:
                    batch.delete_item(Key={"pk": row["pk"], "sk": row["sk"]})
            for row in after:
                batch.put_item(Item=row)

    @staticmethod
    def incidents(journal: Journal) -> list[Item]:
        found = rows(journal.cloud).scan("incidents")
        return [row for row in found if row.get("dedupe_key") == f"verify:{OWNER}"]


class TestSeals:
    def test_they_come_on_schedule_signed_in_kms_and_copied_to_a_bucket_that_forgets_nothing(
        self, cloud: Cloud, scheduled: int, journal: Journal
    ) -> None:
        # Two were asked for by hand.
        eventually(
            lambda: max(row["sk"] for row in journal.seals()) > scheduled + 2, seconds=90, pause=0.5
        )
        seal = next(row for row in journal.seals() if row["sk"] == scheduled + 3)
        checked = cloud.client("kms").verify(
            KeyId=KEY,
            Message=message(seal["link"]),
            MessageType="RAW",
            Signature=base64.b64decode(seal["signature"]),
            SigningAlgorithm="ECDSA_SHA_256",
        )
        s3 = cloud.client("s3")
        name = f"seals/{int(seal['sk']):012}/{seal['link']}.json"
        copy = s3.get_object(Bucket=SEALS, Key=name)

        assert checked["SignatureValid"]
        assert json.loads(copy["Body"].read()) == {
            "seq": seal["sk"],
            **{each: seal[each] for each in ("content", "previous", "link", "signature")},
        }
        s3.delete_object(Bucket=SEALS, Key=name)
        version = {"Bucket": SEALS, "Key": name, "VersionId": copy["VersionId"]}
        kept = s3.get_object(**version)["Body"].read()
        s3.put_object(Bucket=SEALS, Key=name, Body=kept)
        assert json.loads(kept)["signature"] == seal["signature"]
