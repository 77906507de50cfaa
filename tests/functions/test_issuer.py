"""The issuer says when it cannot issue, as an incident, and refuses all the same."""

import pytest

from chalicelib.errors import Unavailable
from chalicelib.functions.issuer import node_issuer
from chalicelib.incidents.store import IncidentStore
from chalicelib.nodes.authority.store import AuthorityStore, IdentityRow
from chalicelib.signing import KmsKey
from tests.functions.metrics import Metrics
from tests.support.world import MINUTE, World

GATEWAY = {"do": "gateway"}


def told() -> list[tuple[str, str, int]]:
    found = IncidentStore().listed("system", None, 9).items
    return [(each.kind, each.detail, each.count) for each in found]


def test_an_authority_that_is_not_there_is_an_incident_once_a_minute(container: World) -> None:
    assert "answer" in node_issuer(GATEWAY, None)
    IdentityRow("system#authority", "head").update([IdentityRow.signing.set("00")])
    for _ in range(2):
        assert node_issuer(GATEWAY, None)["refusal"]["code"] == "unavailable"
    container.clock.move(MINUTE)
    node_issuer(GATEWAY, None)
    assert told() == [("issuing-fails", "the authority that signs is not in the table", 2)]


@pytest.mark.usefixtures("container")
def test_what_is_refused_for_its_own_sake_is_no_incident() -> None:
    assert "refusal" in node_issuer({"do": "sing"}, None)
    assert told() == []


@pytest.mark.usefixtures("container")
def test_an_error_is_an_incident_and_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_store: AuthorityStore) -> None:
        raise ValueError("it is broken")

    monkeypatch.setattr(AuthorityStore, "head", broken)
    with pytest.raises(ValueError, match="broken"):
        node_issuer(GATEWAY, None)
    assert told() == [("issuing-fails", "ValueError: it is broken", 1)]


@pytest.mark.usefixtures("container")
def test_an_incident_that_cannot_be_raised_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_arguments: object) -> None:
        raise Unavailable("DynamoDB did not answer")

    monkeypatch.setattr(AuthorityStore, "head", gone)
    monkeypatch.setattr(IncidentStore, "raise_", gone)
    assert node_issuer(GATEWAY, None)["refusal"]["code"] == "unavailable"


@pytest.mark.usefixtures("container")
def test_each_signature_is_counted_before_it_is_asked_for(metrics: Metrics) -> None:
    assert "answer" in node_issuer(GATEWAY, None)  # The authority's own certificate.
    assert metrics() == [{"SignaturesAsked": 1}]
    assert "answer" in node_issuer(GATEWAY, None)
    assert metrics() == []
    assert "answer" in node_issuer({"do": "prepare", "actor": "token:laptop"}, None)
    assert metrics() == [{"SignaturesAsked": 1}]


@pytest.mark.usefixtures("container")
def test_a_signature_that_was_refused_is_counted(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: object) -> None:
        raise Unavailable("KMS did not answer")

    monkeypatch.setattr(KmsKey, "sign", gone)
    assert node_issuer(GATEWAY, None)["refusal"]["code"] == "unavailable"
    assert metrics() == [{"SignaturesAsked": 1}]
