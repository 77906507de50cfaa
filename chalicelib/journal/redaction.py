"""What never enters the journal: the values of fields whose names say that they are secret."""

from collections.abc import Mapping, Sequence
from typing import Any

SECRET_FIELDS = frozenset(
    {
        "api_key",
        "authorization",
        "claim_key",
        "cookie",
        "passphrase",
        "password",
        "pin",
        "private_key",
        "sas",
        "secret",
        "token",
    }
)


def redact(content: Any) -> Any:
    """Return the content with each secret field's value replaced by a marker of its class."""
    if isinstance(content, Mapping):
        return {name: _field(str(name), value) for name, value in content.items()}
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [redact(value) for value in content]
    return content


def _field(name: str, value: Any) -> Any:
    plain = name.lower().replace("-", "_")
    return f"[redacted:{plain}]" if plain in SECRET_FIELDS else redact(value)
