"""Sizes of what an incident holds: reports are redacted and cut to them, never refused for them."""

import hashlib
import json
from collections.abc import Iterable, Mapping

from chalicelib.redaction import redact, redact_text

SUMMARY_CHARACTERS = 200
DETAIL_CHARACTERS = 2000
REASON_CHARACTERS = 500
KEY_CHARACTERS = 200
EVIDENCE_BYTES = 1024
MOST_RELATED = 16

_NAME_CHARACTERS = 64
_VALUE_CHARACTERS = 256
_RELATED_CHARACTERS = 128
_SUBJECT_CHARACTERS = 2000  # Longer than any id.
_DIGITS = 16
_LENGTH_BYTES = 8
_CUT = "…"


def cut(text: str, characters: int) -> str:
    """Return text that a table can hold, redacted, then cut to a number of characters."""
    whole = redact_text(_encodable(text))
    return whole if len(whole) <= characters else whole[: characters - len(_CUT)] + _CUT


def bounded_key(dedupe_key: str) -> str:
    """Return a dedupe key of at most 200 characters; long ones differ where they did before."""
    key = _encodable(dedupe_key)
    if len(key) <= KEY_CHARACTERS:
        return key
    tail = f"~{digest(key)}"
    return key[: KEY_CHARACTERS - len(tail)] + tail


def bounded_evidence(evidence: Mapping[str, str]) -> Mapping[str, str]:
    """Return what of the evidence fits into 1 KB, by name, each value cut to 256 characters."""
    kept: dict[str, str] = {}
    told = redact({name: _encodable(value) for name, value in evidence.items()})
    for name in sorted(told):
        entry = {cut(name, _NAME_CHARACTERS): cut(told[name], _VALUE_CHARACTERS)}
        if len(evidence_text(kept | entry).encode()) <= EVIDENCE_BYTES:
            kept |= entry
    return kept


def evidence_text(evidence: Mapping[str, str]) -> str:
    """Return evidence as it is stored: JSON."""
    return json.dumps(evidence, ensure_ascii=False, separators=(",", ":"))


def bounded_related(related: Iterable[str]) -> tuple[str, ...]:
    """Return the first 16 different ids, each of at most 128 characters."""
    distinct = dict.fromkeys(cut(name, _RELATED_CHARACTERS) for name in related)
    return tuple(distinct)[:MOST_RELATED]


def bounded_subject(subject: str) -> str:
    """Return an id as a table can hold it, of at most 2,000 characters."""
    return cut(subject, _SUBJECT_CHARACTERS)


def digest(*parts: str) -> str:
    """Return 16 hexadecimal digits of SHA-256 over the parts.

    Each part is preceded by its length, so that no two different lists share an encoding.
    """
    whole = hashlib.sha256()
    for part in parts:
        encoded = _encodable(part).encode()
        whole.update(len(encoded).to_bytes(_LENGTH_BYTES, "big"))
        whole.update(encoded)
    return whole.hexdigest()[:_DIGITS]


def _encodable(text: str) -> str:
    # A lone surrogate, as from a broken file name, cannot be written as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()
