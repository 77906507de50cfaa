"""One contract for the key in KMS and the key in a file."""

import base64
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.errors import Unavailable
from chalicelib.journal.seals.signing import (
    FileSigner,
    KmsSigner,
    SealSigner,
    Signatures,
    fingerprint,
)
from chalicelib.key_file import KeyFileNotPrivate
from tests.support.world import World, a_world

MESSAGE = b"palyra/seal/1" + bytes(200)


@pytest.fixture(params=["kms", "file"])
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealSigner]:
    with a_world():
        yield KmsSigner() if request.param == "kms" else FileSigner(tmp_path / "seal.pem")


def made(signer: SealSigner) -> tuple[str, str]:
    signature = base64.b64encode(signer.sign(MESSAGE)).decode()
    return fingerprint(signer.public_key()), signature


def test_a_signature_is_valid_for_its_message_alone(signer: SealSigner) -> None:
    key, signature = made(signer)
    valid = Signatures(signer).valid
    assert valid(key, MESSAGE, signature)
    assert not valid(key, MESSAGE + b"x", signature)


@pytest.mark.parametrize("spoilt", ["", "AAAA", "no base64!", "é"])
def test_what_is_no_signature_is_not_valid(signer: SealSigner, spoilt: str) -> None:
    key, _ = made(signer)
    assert not Signatures(signer).valid(key, MESSAGE, spoilt)


def test_a_signature_of_another_key_is_not_valid(signer: SealSigner, tmp_path: Path) -> None:
    key, _ = made(signer)
    other, signature = made(FileSigner(tmp_path / "other.pem"))
    valid = Signatures(signer).valid
    assert not valid(key, MESSAGE, signature)
    assert not valid(other, MESSAGE, signature)


def test_the_public_key_stays_the_same(signer: SealSigner) -> None:
    assert signer.public_key() == signer.public_key()
    assert len(fingerprint(signer.public_key())) == 64


def test_a_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    first = FileSigner(path).public_key()
    assert FileSigner(path).public_key() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    FileSigner(path).public_key()
    path.chmod(0o640)
    with pytest.raises(KeyFileNotPrivate):
        FileSigner(path).sign(MESSAGE)


def test_a_stage_without_its_key_signs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    del world
    monkeypatch.setattr("chalicelib.journal.seals.signing.alias", lambda: "alias/another")
    with pytest.raises(Unavailable):
        KmsSigner().sign(MESSAGE)
