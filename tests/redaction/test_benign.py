from chalicelib.redaction import redact, redact_text
from tests.redaction.benign import benign

STRINGS = benign()


def test_of_1000_benign_strings_at_least_99_percent_stay_as_they_are() -> None:
    changed = [text for text in STRINGS if redact_text(text) != text]
    assert len(changed) <= 10, changed


def test_they_stay_in_a_document_as_well() -> None:
    documents = [{"text": text, "list": [text]} for text in STRINGS]
    changed = [each for each in documents if redact(each) != each]
    assert len(changed) <= 10, changed
