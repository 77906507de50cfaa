"""What strangers send to the routes of pairing over the wire: refused alike, or told."""

import json
from typing import Any

import pytest
from ulid import ULID

from chalicelib.functions.http.body import LARGEST_BYTES
from chalicelib.nodes.pairing.limits import BEGINS_OF_ADDRESS
from chalicelib.policy.request import Role
from cli.node import handshake as node
from tests.functions.http.api import Api, Reply, as_role, assert_problem
from tests.functions.http.test_pairing import (
    CODES,
    GOOD,
    NOBODY,
    REQUESTS,
    SESSIONS,
    Device,
    a_device,
    approved,
    at_once,
    minted,
    pending,
)
from tests.functions.log import Log

__all__ = ["at_once"]
BACK = "/v1/pairing/recover"
HELLO, CLAIM = (f"{SESSIONS}/01ARZ3NDEKTSV4RRFFQ69G5FAV/{step}" for step in ("hello", "claim"))
OPEN = [SESSIONS, HELLO, CLAIM, BACK, "/v1/pairing/recoveries"]


def unknown(api: Api, **headers: str) -> Reply:
    said = Device(api, node.typed("ZZZZ", "000000")).handshake.begin()
    return api.post(SESSIONS, said, headers=NOBODY | headers)


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "Via"],
)
def test_a_header_gives_nobody_another_address(api: Api, header: str) -> None:
    said = [f"{'for=' if header == 'Forwarded' else ''}198.51.100.{each}" for each in range(11)]
    replies = [unknown(api, **{header: each}) for each in said]
    assert [each.status for each in replies] == [409] * BEGINS_OF_ADDRESS + [429]


def test_an_operator_is_shown_the_address_that_the_gateway_saw(api: Api) -> None:
    device = a_device(api)
    spoofed = NOBODY | {"X-Forwarded-For": "203.0.113.99", "User-Agent": "pi\x07\u202e" + "x" * 500}
    begun = api.post(SESSIONS, device.handshake.begin(), headers=spoofed)
    assert begun.status == 201
    device.proving = device.handshake.answered(begun.body)
    assert device.hello().status == 202
    (request,) = api.get(REQUESTS).body["items"]
    assert "203.0.113.99" not in json.dumps(request)
    assert request["address"] == "127.0.0.1"
    assert request["agent"].isprintable()
    assert len(request["agent"]) <= 120


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"7",
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"v": NaN}',
        b'{"v": 1e999}',
        b'{"v": ' + b"9" * 5_000 + b"}",
        b'{"v": 1, "v": 1}',
        b'{"\\ud800": "\\udfff"}',
        b"[" * 60_000,
        b'{"a":' * 50_000,
        b'{"v": 1, "x": "' + b"y" * LARGEST_BYTES + b'"}',
    ],
    ids=lambda raw: raw[:12].decode("latin-1"),
)
def test_what_is_no_request_is_a_problem_that_says_so(api: Api, path: str, raw: bytes) -> None:
    reply = api.send("POST", path, raw, headers=NOBODY)
    if raw == b"" and path in {CLAIM, "/v1/pairing/recoveries"}:
        assert reply.status in {409, 201}  # It stands for `{}` there.
        return
    assert reply.status in {400, 413, 422}
    assert_problem(reply, reply.status, *(each["field"] for each in reply.body.get("errors", [])))
    assert reply.size < 4_096


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_what_is_not_sent_as_json_is_told(api: Api, path: str, kind: str) -> None:
    reply = api.post(path, {}, headers=NOBODY | {"Content-Type": kind})
    if kind == "":
        assert reply.status < 500
        return
    assert_problem(reply, 415)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", OPEN)
def test_another_method_is_told(api: Api, path: str, method: str) -> None:
    assert_problem(api.send(method, path, headers=NOBODY), 405)


@pytest.mark.parametrize("path", [f"{SESSIONS}?pin=482913", f"{CLAIM}?sas=123456"])
def test_no_secret_is_taken_from_an_address(api: Api, path: str) -> None:
    reply = api.post(path, GOOD, headers=NOBODY)
    assert reply.status == 422
    assert "482913" not in json.dumps(reply.body)
    assert "123456" not in json.dumps(reply.body)


@pytest.mark.parametrize(
    "body",
    [
        {"pin": "482913"},
        {"v": 482913},
        {"method": "482913"},
        {"client_kind": "482913"},
        {"code_id": "482913"},
        {"msg_a": "482913="},
        {"device_id": "482913"},
    ],
    ids=str,
)
def test_a_pin_in_a_wrong_place_is_in_no_log(api: Api, log: Log, body: dict[str, str]) -> None:
    assert api.post(SESSIONS, GOOD | body, headers=NOBODY).status == 422
    assert "482913" not in log.output.getvalue()


@pytest.mark.parametrize("field", ["version", "identity_fingerprint", "replaces", "pin"])
def test_a_number_in_a_wrong_place_is_in_no_log(api: Api, log: Log, field: str) -> None:
    device = pending(api)
    number: int | str = int(device.sas) + 10**6 if field == "version" else device.sas
    assert_problem(approved(api, device, **{field: number}), 422, field)
    assert str(number) not in log.output.getvalue()


def test_what_is_told_charges_no_attempt_and_counts_no_begin(api: Api) -> None:
    device = a_device(api)
    for _ in range(2 * BEGINS_OF_ADDRESS):
        said = device.handshake.begin() | {"v": 2}
        assert_problem(api.post(SESSIONS, said, headers=NOBODY), 422, "v")
    (code,) = api.get(CODES).body["items"]
    assert code["attempts"] == 0
    assert device.begin().status == 201


def test_a_token_changes_nothing_for_a_device(api: Api) -> None:
    device = a_device(api)
    wrong = api.post(SESSIONS, GOOD | {"code_id": "ZZZZ"})
    assert wrong.body == unknown(api).body
    assert device.begin().status == 201


def hexed(digits: str) -> str:
    """Return six digits as other scripts write them."""
    return "".join(chr(0xFF10 + int(each)) for each in digits)


@pytest.mark.parametrize(
    "written",
    [
        hexed,
        lambda sas: f" {sas}",
        lambda sas: f"{sas}\n",
        " ".join,
        lambda sas: f"{sas[:3]}\u00a0{sas[3:]}",
        lambda sas: f"{sas[:3]}  {sas[3:]}",
        int,
        lambda sas: [sas],
        lambda sas: f"+{sas}",
        lambda sas: sas + "\x00",
    ],
)
def test_the_right_number_written_otherwise_is_told_and_is_no_try(api: Api, written: Any) -> None:
    device = pending(api)
    assert_problem(approved(api, device, sas=written(device.sas)), 422, "sas")
    assert device.proving is not None
    assert api.get(f"{REQUESTS}/{device.proving.session_id}").body["state"] == "pending_approval"
    assert approved(api, device).status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "3"),
        ("version", 3.0),
        ("version", True),
        ("version", 0),
        ("version", -1),
        ("version", 10**30),
        ("identity_fingerprint", ""),
        ("identity_fingerprint", "A" * 64),
        ("identity_fingerprint", "\u0660" * 64),
        ("identity_fingerprint", "0" * 63),
        ("replaces", "../" * 5),
        ("replaces", True),
        ("reason", "x" * 201),
        ("reason", "\ud800"),
        ("request_id", "latest"),
        ("approve", "all"),
    ],
)
def test_what_is_no_approval_is_told_and_is_no_try(api: Api, field: str, value: Any) -> None:
    device = pending(api)
    assert_problem(approved(api, device, **{field: value}), 422, field)
    assert approved(api, device).status == 200


@pytest.mark.parametrize("name", ["latest", "*", "0", "01", "%2e%2e", "01m8314ht0r678sgdp62e6ke49"])
def test_no_request_is_named_but_by_its_id(api: Api, name: str) -> None:
    device = pending(api)
    said = {"version": 3, "identity_fingerprint": device.spki.hex(), "sas": device.sas}
    assert_problem(api.post(f"{REQUESTS}/{name}/approve", said), 404)
    assert api.get(REQUESTS).body["items"][0]["state"] == "pending_approval"


def test_another_owners_admin_approves_nothing(api: Api) -> None:
    device = pending(api)
    assert device.proving is not None
    said = {"version": 3, "identity_fingerprint": device.spki.hex(), "sas": device.sas}
    path = f"{REQUESTS}/{device.proving.session_id}"
    assert_problem(api.post(f"{path}/approve", said, owner="other"), 404)
    assert_problem(api.post(f"{path}/reject", {"version": 3}, owner="other"), 404)
    assert api.get(path).body["state"] == "pending_approval"


def test_without_a_token_nobody_mints_or_decides(api: Api) -> None:
    device = pending(api)
    assert device.proving is not None
    path = f"{REQUESTS}/{device.proving.session_id}"
    for method, where in (
        ("POST", CODES),
        ("GET", CODES),
        ("DELETE", f"{CODES}/K7QM"),
        ("GET", REQUESTS),
        ("POST", f"{path}/approve"),
        ("POST", f"{path}/reject"),
    ):
        assert_problem(api.send(method, where, {}, headers=NOBODY), 401)
    assert_problem(as_role(api, Role.OPERATOR, "POST", f"{path}/approve", {}), 403)


def test_a_session_is_named_by_its_id_alone_and_all_else_is_refused_alike(api: Api) -> None:
    device = pending(api)
    assert device.proving is not None
    right = device.proving.session_id
    names = [str(ULID()), right.lower(), f"{right[:-1]}0" if right[-1] != "0" else f"{right[:-1]}1"]
    names += ["0", "x" * 300, f"{right}%00", f"{right}%20", f"%20{right}", f"{right}-1"]
    replies = [api.post(f"{SESSIONS}/{each}/claim", {}, headers=NOBODY) for each in names]
    assert {each.status for each in replies} == {409}
    assert len({(str(each.body), each.size, str(each.headers)) for each in replies}) == 1


def test_refusals_of_codes_that_are_known_and_unknown_are_the_same_bytes(api: Api) -> None:
    code = minted(api)
    scanned = minted(api, method="qr")
    said = Device(api, node.typed(code["code_id"], "000000")).handshake.begin()
    asked = [
        said | {"code_id": "ZZZZ"},
        said | {"method": "qr"},
        said | {"client_kind": "cli"},
        said | {"code_id": scanned["code_id"]},
        said | {"msg_a": node.written(b"A" + b"\xff" * 32)},
        said | {"msg_a": node.written(b"B" + bytes(32))},
        said | {"msg_a": node.written(b"A")},
    ]
    replies = [api.post(SESSIONS, each, headers=NOBODY) for each in asked]
    assert {each.status for each in replies} == {409}
    assert len({(str(each.body), each.size, str(each.headers)) for each in replies}) == 1
    for each in replies:
        assert code["code_id"] not in json.dumps(each.body)
