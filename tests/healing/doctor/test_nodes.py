"""What the checks of nodes tell from each other, and what mends the truststore."""

from datetime import timedelta

import pytest

from chalicelib.functions.wiring import issuer as issuing
from chalicelib.functions.wiring.node_upkeep import authority_upkeep
from chalicelib.healing.doctor.check import Step, Verdict
from chalicelib.healing.doctor.examination import Outcome
from chalicelib.healing.doctor.menders import menders
from chalicelib.nodes.authority.store import AuthorityStore, IdentityRow, authority_key
from tests.healing.doctor import node_plants as plants
from tests.healing.doctor.test_menders import applied, planned, undone
from tests.support.stage import Stage, client

DAY = timedelta(days=1)
NODES = ("nodes.authority", "nodes.truststore", "nodes.certificates", "nodes.suspended")


def signing(stage: Stage) -> str:
    head = stage.rooms().authorities.head()
    assert head is not None
    return head.signing


@pytest.mark.parametrize("key", NODES)
def test_a_stage_without_nodes_is_well(stage: Stage, key: str) -> None:
    assert stage.look(key).verdict is Verdict.OK


def test_an_authority_that_ends_is_told_of_90_days_before(stage: Stage) -> None:
    plants.a_node(stage)
    stage.world.clock.move(3_560 * DAY)
    assert stage.look("nodes.authority").verdict is Verdict.OK
    stage.world.clock.move(5 * DAY)
    assert "it ends at" in stage.look("nodes.authority").seen


def test_an_authority_that_is_not_in_the_table_is_told_of(stage: Stage) -> None:
    plants.a_node(stage)
    IdentityRow(*authority_key(signing(stage))).delete()
    assert "it is not in the table" in stage.look("nodes.authority").seen


def test_a_key_that_is_gone_is_told_of(stage: Stage) -> None:
    plants.a_node(stage)
    client("kms").delete_alias(AliasName="alias/palyra-local-nodes-a")
    assert "the key nodes-a is not there" in stage.look("nodes.authority").seen


def test_an_authority_that_was_prepared_is_trusted_already(stage: Stage) -> None:
    plants.an_authority_that_follows(stage)
    assert len(AuthorityStore().known()) == 2
    assert {stage.look(key).verdict for key in NODES} == {Verdict.OK}


def test_a_stranger_in_the_truststore_is_told_of(stage: Stage) -> None:
    plants.a_node(stage)
    (ours,) = AuthorityStore().known()
    stranger = plants.a_stranger()
    plants.put_truststore((ours.pem + stranger).encode())
    look = stage.look("nodes.truststore")
    assert look.verdict is Verdict.FAILED
    assert "is not an authority that counts" in look.seen


@pytest.mark.parametrize(
    ("content", "told"), [(b"\xff no pem", "cannot be read"), (None, "is missing")]
)
def test_a_truststore_that_is_none_is_told_of_and_written_by_the_sweep(
    stage: Stage, content: bytes | None, told: str
) -> None:
    plants.a_node(stage)
    if content is None:
        plants.delete_truststore()
    else:
        plants.put_truststore(content)
    look = stage.look("nodes.truststore")
    assert told in look.seen
    assert look.steps == ()
    authority_upkeep(stage.container).run()
    assert stage.look("nodes.truststore").verdict is Verdict.OK


def test_an_authority_whose_time_is_over_may_take_a_while_to_leave(stage: Stage) -> None:
    plants.an_authority_that_follows(stage)
    issuing.issuer(stage.container).authorities.switch("token:laptop", stage.world.clock.now())
    stage.world.clock.move(2 * DAY + 14 * plants.MINUTE)
    assert stage.look("nodes.truststore").verdict is Verdict.OK
    stage.world.clock.move(2 * plants.MINUTE)
    assert "is not an authority that counts" in stage.look("nodes.truststore").seen


def test_what_was_mended_of_nodes_is_not_put_back(stage: Stage) -> None:
    for name in ("nodes.pairings", "nodes.requests", "approvals.watch"):
        assert not menders(stage.rooms())[name].can_undo
        assert undone(stage, Step(name, "all", "")).outcome is Outcome.UNCHANGED


def test_a_certificate_that_ends_soon_is_told_of_unless_one_follows(stage: Stage) -> None:
    plants.a_certificate_that_ends(stage)
    look = stage.look("nodes.certificates")
    assert look.verdict is Verdict.WARNING
    assert "its certificate ends in 4 h, and none follows" in look.seen


def test_nodes_of_others_are_not_named(stage: Stage) -> None:
    plants.a_code_that_nobody_ended(stage)
    look = stage.look("nodes.pairings", "other")
    assert look.seen.startswith("a code of another owner expired")
    assert stage.look("nodes.suspended", "other").verdict is Verdict.OK


def test_a_decision_that_nobody_was_told_of_is_told_of(stage: Stage) -> None:
    plants.an_approval_that_was_decided(stage)
    assert "and what waits for it was not told" in stage.look("approvals.overdue").seen
    assert applied(stage, planned(stage, "approvals.overdue")).outcome is Outcome.DONE
    assert stage.look("approvals.overdue").verdict is Verdict.OK
