"""The one choke point before everything that is kept or told: secrets become `[redacted:<class>]`.

Structured content is judged by the names of its fields first; what is left of its text, like any
other text, by the shapes of secrets. Only the secret itself is replaced, and what was redacted once
stays as it is. Work grows with the size of the input and no faster, whatever is in it.
docs/decisions/redaction.md says what is found, what is not, and which sink calls what.
"""

from chalicelib.redaction.content import redact
from chalicelib.redaction.refusal import refuse_secrets
from chalicelib.redaction.span import MARK
from chalicelib.redaction.text import holds_secret, redact_text

__all__ = ["MARK", "holds_secret", "redact", "redact_text", "refuse_secrets"]
