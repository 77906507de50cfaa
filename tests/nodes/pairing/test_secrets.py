"""Nothing secret stands anywhere: in no table, object, log or answer, in no common encoding."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chalicelib.errors import Unavailable
from chalicelib.nodes.pairing.store import row_of_code
from chalicelib.nodes.rows import WindowRow
from tests.nodes.pairing.pairing_world import Node, Pairing


def written(secret: bytes) -> Iterator[bytes]:
    """Yield how a secret could be written."""
    yield from (secret, secret.hex().encode(), secret.hex().upper().encode())
    yield from (secret[::-1], base64.b32encode(secret).rstrip(b"="))
    for offset in range(3):
        # In Base64 it depends on what stands before it how a text is written.
        inner = base64.b64encode(bytes(offset) + secret)[4 if offset else 0 :].rstrip(b"=")[:-1]
        yield from (inner, inner.translate(bytes.maketrans(b"+/", b"-_")))
    yield quote(secret).encode()


def everything() -> bytes:
    """Return the content of all tables and objects."""
    dynamo, s3 = boto3.client("dynamodb"), boto3.client("s3")
    said = []
    for table in dynamo.list_tables()["TableNames"]:
        for item in dynamo.scan(TableName=table)["Items"]:
            said.append(json.dumps(item, default=repr).encode())
            said += [part.encode() for part in _texts(item)]
    for bucket in s3.list_buckets()["Buckets"]:
        for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            said.append(s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read())
    return b"\n".join(said)


def _texts(item: object) -> Iterator[str]:
    if isinstance(item, dict):
        for value in item.values():
            yield from _texts(value)
    elif isinstance(item, list):
        for value in item:
            yield from _texts(value)
    elif isinstance(item, str):
        yield item


def secrets_of(made: Node) -> Iterator[bytes]:
    private = made.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    yield from (private, made.key.private_numbers().private_value.to_bytes(32, "big"))
    assert made.proving is not None
    yield from (made.proving._key("claim"), made.proving._key("confirm device"))
    yield made.proving._secret
    if made.told.method == "qr":
        yield made.told.secret


@pytest.mark.parametrize("method", ["pin", "qr"])
@pytest.mark.parametrize("until", ["begun", "pending", "approved", "claimed", "active"])
def test_no_step_of_a_pairing_leaves_a_secret_in_clear(
    pairing: Pairing, method: str, until: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="palyra")
    minted = pairing.mint(method)
    made = pairing.node(minted)
    made.begin()
    if until != "begun":
        made.hello()
    if until in {"approved", "claimed", "active"}:
        pairing.approve(made)
    if until in {"claimed", "active"}:
        made.claim()
    if until == "active":
        pairing.activate(made)
    said = everything() + caplog.text.encode()
    for secret in secrets_of(made):
        for form in written(secret):
            assert form not in said
    short = [minted.pin] if minted.pin else []
    short += [made.sas] if until != "begun" else []
    for digits in short:
        # Six digits stand in many a number; alone in a value they would be these.
        assert f'"{digits}"'.encode() not in said


@pytest.mark.parametrize("number", range(12))
def test_the_search_finds_a_secret_however_it_is_written(pairing: Pairing, number: int) -> None:
    del pairing
    secret = bytes(range(65, 97))
    forms = [*written(secret)]
    text = forms[number].decode("latin-1")
    row = WindowRow("system#canary", "0", ttl=1)
    row.counted = {f"before {text} after"}
    row.save()
    assert len(forms) == 12
    assert any(form in everything() for form in forms)


def test_what_is_sealed_opens_for_its_own_row_alone(pairing: Pairing) -> None:
    handshake = pairing.runtime.handshake
    one = handshake.store.code(pairing.mint().code.id)
    other = handshake.store.code(pairing.mint().code.id)
    assert one is not None
    assert other is not None
    assert one.secret is not None
    assert other.secret is not None
    handshake.sealer.open(row_of_code(one.code), one.secret)
    with pytest.raises(Unavailable):
        handshake.sealer.open(row_of_code(other.code), one.secret)
    with pytest.raises(Unavailable):
        handshake.sealer.open(
            row_of_code(one.code), one.secret._replace(sealed=other.secret.sealed)
        )
