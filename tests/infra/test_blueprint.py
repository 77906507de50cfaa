"""What the doctor holds a stage against is what the template and the configuration say."""

from infra.blueprint import FILE, blueprint, text
from infra.local.template import resources


def test_the_baked_file_is_current() -> None:
    assert FILE.read_text() == text(), "run `python -m infra.blueprint`"


def test_everything_of_the_template_that_can_be_looked_at_is_in_it() -> None:
    # What has a condition is no part of every stage.
    of_type = [each["Type"] for each in resources().values() if "Condition" not in each]
    baked = blueprint()
    for name, kind in {
        "tables": "AWS::DynamoDB::Table",
        "queues": "AWS::SQS::Queue",
        "keys": "AWS::KMS::Alias",
        "buckets": "AWS::S3::Bucket",
    }.items():
        assert len(baked[name]) == of_type.count(kind) > 0


def test_no_name_in_it_has_a_stage() -> None:
    assert "local" not in text()
    assert "Stage" not in text()
