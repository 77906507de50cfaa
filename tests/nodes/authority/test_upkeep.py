"""The authorities look after themselves: who has ended leaves, and what is wrong is told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from chalicelib.errors import Unavailable
from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring import node_upkeep
from chalicelib.incidents import node_kinds
from chalicelib.incidents.incident import RuntimeIncidentRecord
from chalicelib.incidents.kind import IncidentKind
from chalicelib.journal.store import JournalStore
from chalicelib.nodes.authority.authorities import Authorities
from chalicelib.nodes.authority.remote import RemoteIssuer
from chalicelib.nodes.authority.store import AuthorityStore, IdentityRow, authority_key
from chalicelib.nodes.authority.truststore import S3Truststore
from chalicelib.nodes.authority.upkeep import AuthorityUpkeep
from tests.healing.doctor import node_plants as plants
from tests.healing.test_node_causes import Nodes
from tests.healing.ward import Ward
from tests.nodes.authority.test_issuing import gateway, truststore
from tests.nodes.gateway import Gateway
from tests.support.world import MINUTE, World

__all__ = ["gateway"]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIFE = 3650 * DAY
ENDING, EXPIRED = node_kinds.AUTHORITY_ENDING, node_kinds.AUTHORITY_EXPIRED
CHANGED = node_kinds.TRUSTSTORE_CHANGED


@dataclass
class Stage:
    """A gateway with a node, and the sweep that comes every five minutes."""

    world: World
    nodes: Nodes = field(init=False)
    ward: Ward = field(init=False)

    def __post_init__(self) -> None:
        self.nodes, self.ward = Nodes(self.world), Ward(self.world)
        self.nodes.node()

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def authorities(self) -> Authorities:
        return issuing.issuer(self.nodes.of).authorities

    @property
    def upkeep(self) -> AuthorityUpkeep:
        return node_upkeep.authority_upkeep(self.nodes.of)

    def switched(self) -> str:
        """Roll the authority over; return the key id of the old one."""
        old = self.authorities.signing(self.now).authority.key_id
        self.authorities.prepare("token:laptop", self.now)
        self.authorities.switch("token:laptop", self.now)
        return old

    def after(self, time: timedelta) -> int:
        """Let time pass, and the sweep come; return whether it asked the issuer."""
        self.world.clock.move(time)
        done = self.upkeep.run()
        self.ward.swept()
        return done

    def told(self, kind: IncidentKind) -> list[RuntimeIncidentRecord]:
        """Return the incidents of a kind."""
        return [each for each in self.ward.all("system") if each.kind == kind.name]


@pytest.fixture
def stage(gateway: Gateway) -> Stage:
    return Stage(gateway.world)


def test_where_nobody_was_paired_there_is_nothing_to_do(world: World) -> None:
    upkeep = node_upkeep.authority_upkeep(Nodes(world).of)
    assert upkeep.run() == 0


def test_what_is_well_is_left_alone(stage: Stage) -> None:
    assert [stage.after(5 * MINUTE) for _ in range(3)] == [0, 0, 0]
    assert [each.kind for each in stage.ward.all("system") if each.domain == "node"] == []


class TestRetirement:
    def test_an_authority_leaves_after_48_hours_by_itself(self, stage: Stage) -> None:
        old = stage.switched()
        assert stage.after(48 * HOUR - MINUTE) == 0
        assert truststore().count("BEGIN") == 2
        assert stage.after(5 * MINUTE) == 1
        assert truststore().count("BEGIN") == 1
        (event,) = stage.world.events("authority.retired")
        known = AuthorityStore().get(old)
        assert known is not None
        assert known.retired_at == stage.now
        assert old in event.content

    def test_it_leaves_once(self, stage: Stage) -> None:
        stage.switched()
        assert [stage.after(48 * HOUR), stage.after(5 * MINUTE)] == [1, 0]
        assert len(stage.world.events("authority.retired")) == 1

    def test_two_who_ask_at_once_retire_it_once(self, stage: Stage) -> None:
        old = stage.switched()
        stage.world.clock.move(48 * HOUR)
        seen = stage.authorities.store.get(old)
        assert seen is not None
        assert RemoteIssuer().publish() == [old]
        assert not stage.authorities._retire(seen, stage.now)
        assert len(stage.world.events("authority.retired")) == 1

    def test_who_dies_on_the_way_leaves_it_to_the_next(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.switched()

        def gone(*_arguments: object) -> None:
            raise Unavailable("DynamoDB did not answer")

        with monkeypatch.context() as patch:
            patch.setattr(JournalStore, "append_with", gone)
            with pytest.raises(Unavailable):
                stage.after(48 * HOUR)
        assert truststore().count("BEGIN") == 1
        assert stage.world.events("authority.retired") == []
        # It was not looked at: the next minute looks again.
        assert stage.after(MINUTE) == 1
        assert len(stage.world.events("authority.retired")) == 1

    def test_an_authority_that_was_prepared_stays(self, stage: Stage) -> None:
        stage.authorities.prepare("token:laptop", stage.now)
        assert stage.after(100 * HOUR) == 0
        assert truststore().count("BEGIN") == 2


class TestTheTruststore:
    @pytest.mark.parametrize("content", [None, b"", b"\xff no pem"])
    def test_what_is_missing_is_written_anew(self, stage: Stage, content: bytes | None) -> None:
        before = truststore()
        if content is None:
            plants.delete_truststore()
        else:
            plants.put_truststore(content)
        assert stage.after(5 * MINUTE) == 1
        assert truststore() == before

    def test_a_stranger_is_thrown_out_and_told_of(self, stage: Stage) -> None:
        before = truststore()
        plants.put_truststore((before + plants.a_stranger()).encode())
        assert stage.after(5 * MINUTE) == 1
        assert truststore() == before
        (incident,) = stage.told(CHANGED)
        assert incident.is_active
        assert stage.after(5 * MINUTE) == 0
        assert stage.after(25 * HOUR) == 0
        assert not stage.told(CHANGED)[0].is_active

    def test_one_that_is_only_late_is_no_incident(self, stage: Stage) -> None:
        old = truststore()
        stage.switched()
        plants.put_truststore(old.encode())
        assert stage.after(5 * MINUTE) == 1
        assert truststore().count("BEGIN") == 2
        assert stage.told(CHANGED) == []

    @pytest.mark.parametrize("content", [None, b""])
    def test_nothing_is_issued_that_the_front_does_not_trust(
        self, stage: Stage, content: bytes | None
    ) -> None:
        before = truststore()
        if content is None:
            plants.delete_truststore()
        else:
            plants.put_truststore(content)
        stage.nodes.node()
        assert truststore() == before

    def test_who_was_slow_does_not_take_back_what_was_prepared_meanwhile(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look, others = S3Truststore.get, list[str]()

        def meanwhile(there: S3Truststore) -> str | None:
            if not others:
                others.append("prepare")
                stage.authorities.prepare("token:laptop", stage.now)
            return look(there)

        monkeypatch.setattr(S3Truststore, "get", meanwhile)
        RemoteIssuer().publish()
        assert truststore().count("BEGIN") == 2

    @pytest.mark.usefixtures("stage")
    def test_it_is_not_written_where_it_is_right(self) -> None:
        there = S3Truststore()
        versions = partial(there._client.list_object_versions, Bucket=there._bucket)
        before = versions()["Versions"]
        assert RemoteIssuer().publish() == []
        assert versions()["Versions"] == before


class TestTheEnd:
    def test_an_end_is_told_90_days_before_until_another_signs(self, stage: Stage) -> None:
        stage.after(LIFE - 91 * DAY)
        assert stage.told(ENDING) == []
        stage.after(DAY + HOUR)
        stage.after(HOUR)
        assert [each.is_active for each in stage.told(ENDING)] == [True]
        stage.switched()
        stage.after(HOUR)
        assert [each.is_active for each in stage.told(ENDING)] == [False]

    def test_one_that_has_ended_is_told_instead(self, stage: Stage) -> None:
        stage.after(LIFE - DAY)
        stage.after(2 * DAY)
        stage.after(HOUR)
        assert [each.is_active for each in stage.told(ENDING)] == [False]
        assert [each.is_active for each in stage.told(EXPIRED)] == [True]
        stage.switched()
        stage.after(HOUR)
        assert [each.is_active for each in stage.told(EXPIRED)] == [False]

    def test_one_that_has_ended_issues_nothing(self, stage: Stage) -> None:
        stage.world.clock.move(LIFE + DAY)
        with pytest.raises(Unavailable, match="has ended"):
            stage.nodes.node()
        stage.switched()
        stage.nodes.node()

    @pytest.mark.usefixtures("stage")
    def test_an_end_that_no_row_says_is_read_from_the_certificate(self) -> None:
        (known,) = AuthorityStore().known()
        row = IdentityRow(*authority_key(known.key_id))
        row.update([IdentityRow.not_after.remove()])
        (older,) = AuthorityStore().known()
        assert older.not_after is None
        assert older.ends_at() == known.ends_at()
