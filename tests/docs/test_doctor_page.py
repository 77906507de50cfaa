"""The page of the doctor names every check, as the catalogue has it."""

from pathlib import Path

from chalicelib.healing.doctor.catalogue import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_check_is_in_the_table_in_its_order_with_its_severity() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    told = [(row[1].strip().strip("`"), row[2].strip()) for row in rows]
    assert told == [(check.key, check.severity) for check in CHECKS]


def test_what_the_doctor_mends_is_said_there() -> None:
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    mended = {row[1].strip().strip("`") for row in rows if row[4].strip()}
    assert mended == {check.key for check in CHECKS if check.mends}
