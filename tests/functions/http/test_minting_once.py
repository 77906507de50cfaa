"""`Idempotency-Key` of a pairing code: it is minted once, and its secret is told once."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.access.store import RequestRow
from chalicelib.nodes.pairing.store import PairingStore, Register
from tests.functions.http.api import Api, Reply, assert_problem
from tests.support.faults import every_transaction_repeated, replies_of_transactions_lost

CODES = "/v1/pairing/codes"
PIN: Mapping[str, Any] = {"method": "pin", "client_kind": "daemon"}
QR: Mapping[str, Any] = {"method": "qr", "client_kind": "cli"}


def sent(api: Api, body: Mapping[str, Any], key: str = "a-key", **more: Any) -> Reply:
    return api.post(CODES, dict(body), headers={"Idempotency-Key": key}, **more)


def live(api: Api) -> list[str]:
    return [each["code_id"] for each in api.get(CODES).body["items"]]


@pytest.mark.parametrize(("body", "secret"), [(PIN, "pin"), (QR, "qr")])
def test_a_repeat_mints_nothing_and_says_which_code_it_was(
    api: Api, body: Mapping[str, Any], secret: str
) -> None:
    first = sent(api, body)
    again = sent(api, body)

    assert first.status == 201
    assert_problem(again, 409, "Idempotency-Key")
    code_id = first.body["code_id"]
    assert f"DELETE {CODES}/{code_id}" in again.body["fix"]
    assert first.body[secret] not in json.dumps(again.body)
    assert live(api) == [code_id]


def test_where_the_answer_was_lost_the_code_is_ended_and_another_minted(api: Api) -> None:
    lost = sent(api, PIN).body["code_id"]
    fix = sent(api, PIN).body["fix"]
    assert api.send("DELETE", fix.split("DELETE ")[1].split(",")[0]).status == 200
    assert sent(api, PIN).status == 409
    following = sent(api, PIN, "another-key")
    assert following.status == 201
    assert live(api) == [following.body["code_id"]]
    assert lost not in live(api)


def test_a_key_stands_for_one_body(api: Api) -> None:
    assert sent(api, PIN).status == 201
    assert_problem(sent(api, QR), 422, "Idempotency-Key")
    assert len(live(api)) == 1


def test_a_key_is_one_operators(api: Api) -> None:
    assert sent(api, PIN).status == 201
    assert sent(api, PIN, owner="other").status == 201


def test_what_is_refused_uses_no_key_up(api: Api) -> None:
    assert sent(api, dict(PIN) | {"label": "AKIAIOSFODNN7EXAMPLE"}).status == 422
    assert sent(api, PIN).status == 201


def test_what_is_no_key_is_refused(api: Api) -> None:
    assert_problem(sent(api, PIN, "a key"), 400, "Idempotency-Key")


def test_without_a_key_each_request_mints(api: Api) -> None:
    for _ in range(2):
        assert api.post(CODES, dict(PIN)).status == 201
    assert len(live(api)) == 2


def test_of_two_at_once_one_mints(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    look, others = PairingStore.register, list[Reply]()

    def meanwhile(store: PairingStore, owner: str, kind: str) -> Register:
        seen = look(store, owner, kind)
        if not others:
            others.append(Reply(0, {}, None, 0))
            others[0] = sent(api, PIN)
        return seen

    with monkeypatch.context() as patch:
        patch.setattr(PairingStore, "register", meanwhile)
        late = sent(api, PIN)
    assert (others[0].status, late.status) == (201, 409)
    assert live(api) == [others[0].body["code_id"]]


def test_who_was_not_answered_finds_the_code_by_the_same_request(api: Api) -> None:
    with replies_of_transactions_lost():
        assert sent(api, PIN).status == 503
    (code_id,) = live(api)
    assert code_id in sent(api, PIN).body["detail"]


def test_a_transaction_that_is_refused_by_its_own_effect_told_its_secret(api: Api) -> None:
    with every_transaction_repeated():
        first = sent(api, PIN)
    assert first.status == 201
    assert live(api) == [first.body["code_id"]]
    assert sent(api, PIN).status == 409


def test_the_key_keeps_no_secret(api: Api) -> None:
    pin = sent(api, PIN).body["pin"]
    scanned = (row.to_simple_dict() for row in RequestRow.scan())
    (row,) = [row for row in scanned if "body_sha256" in row]
    assert pin not in json.dumps(row, default=str)
