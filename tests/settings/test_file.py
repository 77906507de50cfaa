import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.errors import Fault, InvalidSettings
from chalicelib.settings import Settings
from infra.settings import reference
from tests.settings.conftest import Load, Refused


def test_a_file_sets_what_stands_in_it(load: Load) -> None:
    settings = load(
        '[tasks]\nlease_seconds = 3\n[cron]\ntimezone = "Europe/Berlin"\n'
        '[memory.retention]\nmax_entries = 5\nvacuum_schedule = "5 4 * * *"\n'
    )
    assert (settings.lease_seconds, settings.timezone) == (3, "Europe/Berlin")
    assert (settings.memory_max_entries, settings.vacuum_schedule) == (5, "5 4 * * *")


def test_toml_may_be_written_in_its_other_ways(load: Load) -> None:
    settings = load('tasks = { lease_seconds = 3 }\nmemory.retention."ttl_days" = 0x10\n')
    assert (settings.lease_seconds, settings.memory_ttl_days) == (3, 16)


@pytest.mark.parametrize("text", ["", "\n", "# tasks\n", "[tasks]\r\n  # max_hops = 0\n\n[cron]\n"])
def test_comments_and_headers_set_nothing(text: str, load: Load) -> None:
    assert load(text) == Settings()


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("true", "use a whole number from 1 to 900"),
        ('"60"', "use a whole number from 1 to 900, without quotes"),
        ("60.0", "use a whole number from 1 to 900"),
        ("nan", "use a whole number from 1 to 900"),
        ("[60]", "use a whole number from 1 to 900"),
        ("{ a = 60 }", "use a whole number from 1 to 900"),
        ("2026-11-22", "use a whole number from 1 to 900"),
        ("1" * 4_000, "use a whole number from 1 to 900"),
    ],
)
def test_a_value_of_another_type_is_refused(value: str, fix: str, refused: Refused) -> None:
    (fault,) = refused(f"[tasks]\nlease_seconds = {value}")
    assert (fault.field, fault.fix) == ("tasks.lease_seconds", fix)
    assert len(fault.detail) < 150


@pytest.mark.parametrize("value", ["3", "true", "[]", "{}", '""'])
@pytest.mark.parametrize("key", ["cron.timezone", "memory.retention.vacuum_schedule"])
def test_a_text_of_another_type_is_refused(key: str, value: str, refused: Refused) -> None:
    (fault,) = refused(f"{key} = {value}")
    assert fault.field == key


@pytest.mark.parametrize(
    ("toml", "field", "fix"),
    [
        ("[task]\nlease_seconds = 3", "task", "did you mean [tasks]?"),
        ("[memory.retenton]", "memory.retenton", "did you mean [memory.retention]?"),
        (
            "[tasks]\nleas_seconds = 3",
            "tasks.leas_seconds",
            "did you mean lease_seconds in [tasks]?",
        ),
        ("lease_seconds = 3", "lease_seconds", "did you mean lease_seconds in [tasks]?"),
        (
            "[memory]\nmax_bytes = 3",
            "memory.max_bytes",
            "did you mean max_bytes in [memory.retention]?",
        ),
        ("tasks = 3", "tasks", "write it as [tasks]"),
        ("[[tasks]]", "tasks", "write it as [tasks]"),
        ("x = 3", "x", "delete it; docs/settings.md lists what there is"),
        ('"" = 3', "''", "delete it; docs/settings.md lists what there is"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest(
    toml: str, field: str, fix: str, refused: Refused
) -> None:
    (fault,) = refused(toml)
    assert (fault.field, fault.fix) == (field, fix)


def test_an_unknown_section_that_is_like_no_other_is_told_what_there_is(refused: Refused) -> None:
    (fault,) = refused("[xyz]\na = 1\n[xyz.b]\nc = 1")
    assert fault.field == "xyz"
    assert "journal, journal.retention, ledger, memory" in fault.fix


def test_a_quoted_name_with_a_dot_is_no_name_in_a_section(refused: Refused) -> None:
    (fault,) = refused('"tasks.lease_seconds" = 3\n[tasks]\nlease_seconds = 4')
    assert fault.field == "'tasks.lease_seconds'"


@pytest.mark.parametrize(
    ("toml", "field", "line"),
    [
        ("[tasks]\nmax_hops = 3\nmax_hops = 4", "tasks.max_hops", 3),
        ("[tasks]\nmax_hops = 3\nmax_hops = 3\n\n[cron]\n", "tasks.max_hops", 3),
        ("[tasks]\n\n[cron]\n[tasks]\nmax_hops = 3", "tasks", 4),
        ("[tasks]\n[tasks]\n", "tasks", 2),
        ("tasks.max_hops = 3\n[tasks]\nmax_hops = 3\n", "tasks", 2),
        (
            "[memory]\nretention.max_bytes = 3\nretention.max_bytes = 4",
            "memory.retention.max_bytes",
            3,
        ),
    ],
)
def test_what_stands_twice_is_refused_by_name_and_line(
    toml: str, field: str, line: int, refused: Refused
) -> None:
    (fault,) = refused(toml)
    assert fault == (
        field,
        f"{field} stands in palyra.toml again in line {line}",
        "keep one of them",
    )


@pytest.mark.parametrize(
    ("toml", "field", "line"),
    [
        ("[tasks]\nmax_hops = abc", "tasks.max_hops", 2),
        ("[tasks]\nmax_hops = 007\nmax_depth = 3", "tasks.max_hops", 2),
        ("[tasks]\nmax_hops =", "tasks.max_hops", 2),
        ("# a\n[tasks\nmax_hops = 3", "palyra.toml", 2),
        ("[cron]\ntimezone = utc\n", "cron.timezone", 2),
        ("max_hops: 3", "palyra.toml", 1),
        (b"[cron]\ntimezone = '\xff'", "palyra.toml", 2),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(
    toml: str | bytes, field: str, line: int, refused: Refused
) -> None:
    (fault,) = refused(toml)
    assert fault.field == field
    assert fault.detail.startswith(f"line {line} of palyra.toml")


@pytest.mark.parametrize("toml", ["a = " + "1" * 5_000, "a = " + "[" * 100_000])
def test_toml_beyond_any_measure_is_refused(toml: str, refused: Refused) -> None:
    (fault,) = refused(toml)
    assert fault.field == "palyra.toml"


@settings(deadline=None)
@given(st.text() | st.text("[]=\".#\n 'tasksmax_hops01e-").map("[tasks]\n{}".format))
@example("[")
def test_any_file_is_read_or_refused_by_name(no_file: Path, text: str) -> None:
    file = no_file.with_name("any.toml")
    file.write_text(text, newline="")
    faults = faults_of(file)
    assert all(fault.field and fault.fix for fault in faults)
    if faults:
        assert faults[0].detail.encode()


def faults_of(file: Path) -> tuple[Fault, ...]:
    try:
        Settings.load({}, file)
    except InvalidSettings as error:
        return error.faults
    return ()


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.load({}, tmp_path)
    assert caught.value.faults[0].field == "palyra.toml"
    assert caught.value.detail == "palyra.toml cannot be read: Is a directory"


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(InvalidSettings, match=r"palyra\.toml cannot be read: Permission denied"):
        Settings.load({}, tmp_path / "palyra.toml")


def test_settings_that_are_all_default_load_no_parser_and_no_zones(tmp_path: Path) -> None:
    file = tmp_path / "palyra.toml"
    file.write_text(reference.toml({}))
    code = (
        "import sys; from pathlib import Path; from chalicelib.settings import Settings; "
        "Settings.load({}, Path(sys.argv[1])); "
        "print(sorted({'tomllib', 'zoneinfo', 'difflib', 'tzdata'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"
