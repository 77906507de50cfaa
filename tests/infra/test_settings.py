import json
import os
import shutil
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from chalice.deploy.packager import AppOnlyDeploymentPackager, DependencyBuilder
from chalice.utils import UI, OSUtils

from chalicelib.errors import InvalidSettings
from chalicelib.settings import BAKED, Settings
from chalicelib.settings.declaration import declarations
from infra.local import deploy
from infra.local.errors import LocalCloudError
from infra.local.place import CHECKOUT, Place
from infra.settings import __main__ as command
from infra.settings import reference
from infra.settings.check import check, variables_of

PAGE = CHECKOUT / "docs" / "settings.md"
FILE = CHECKOUT / "palyra.toml"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout of the files that settings are about."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "chalicelib" / "palyra.toml").symlink_to("../palyra.toml")
    shutil.copytree(CHECKOUT / ".chalice", tmp_path / ".chalice")
    shutil.copy(PAGE, tmp_path / "docs")
    (tmp_path / "palyra.toml").write_text(reference.toml({}))
    for module in (command, deploy):
        monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    for name in [name for name in os.environ if name.startswith("PALYRA_")]:
        monkeypatch.delenv(name)
    return tmp_path


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == reference.page(), "run `python -m infra.settings write`"


def test_the_files_comments_are_current() -> None:
    given = {
        each.key: each.value
        for each in Settings.load({}, FILE).report()
        if each.source == "palyra.toml"
    }
    assert FILE.read_text() == reference.toml(given), "run `python -m infra.settings write`"


def test_what_is_committed_sets_nothing() -> None:
    assert Settings.load({}, FILE).sources == {}


def test_the_file_shows_each_setting_with_its_default() -> None:
    lines = reference.toml({}).splitlines()
    for each in declarations(Settings).values():
        shown = each.example if each.default is None else each.default
        assert any(line.startswith(f"# {each.name} = {json.dumps(shown)}") for line in lines)


def test_the_file_with_each_comment_taken_for_a_setting_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "palyra.toml"
    lines = reference.toml({}).splitlines()
    names = tuple(f"# {each.name} =" for each in declarations(Settings).values())
    file.write_text("\n".join(line[2:] if line.startswith(names) else line for line in lines))
    settings = Settings.load({}, file)
    assert len(settings.sources) == len(names)


def test_the_file_that_ships_is_a_relative_link_to_the_one_at_the_root() -> None:
    assert BAKED.readlink() == Path("../palyra.toml")
    assert BAKED.samefile(FILE)


def test_a_check_shows_what_is_effective(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "palyra.toml").write_text("[tasks]\nmax_hops = 7\n")
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "3")
    assert command.main(["check"]) == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["tasks.max_hops", "7", "palyra.toml"] in shown
    assert ["tasks.lease_seconds", "3", "environment"] in shown
    assert ["tasks.max_depth", "8", "default"] in shown
    assert ["memory.retention.max_bytes", "unset", "default"] in shown


def test_a_check_tells_every_fault_in_a_line_of_its_own(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "palyra.toml").write_text("[tasks]\nmax_hops = 0\n")
    monkeypatch.setenv("PALYRA_SHARDS", "3")
    assert command.main(["check"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "error: tasks.max_hops is 0: use a whole number from 1 to 10000",
        "error: PALYRA_SHARDS is no setting: did you mean PALYRA_SCHEDULER_SHARDS?",
    ]


def test_another_stage_gets_the_variables_of_its_configuration(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = checkout / ".chalice" / "config.json"
    content = json.loads(config.read_text())
    content["environment_variables"] = {"PALYRA_TASKS_MAX_HOPS": "5", "OTHER": "x"}
    content["stages"]["prod"]["environment_variables"]["PALYRA_TASKS_MAX_DEPTH"] = "6"
    config.write_text(json.dumps(content))
    monkeypatch.setenv("PALYRA_TASKS_LEASE_SECONDS", "3")
    assert command.main(["check", "--stage", "prod"]) == 0
    told = capsys.readouterr().out.splitlines()
    shown = [line.split() for line in told]
    assert ["tasks.max_hops", "5", "environment"] in shown
    assert ["tasks.max_depth", "6", "environment"] in shown
    assert ["tasks.lease_seconds", "60", "default"] in shown
    assert "PALYRA_TASKS_LEASE_SECONDS" in told[-1]


def test_a_stage_that_nobody_configured_is_refused(checkout: Path) -> None:
    with pytest.raises(InvalidSettings) as caught:
        variables_of("production", checkout, {})
    assert "local, dev, prod" in caught.value.fix


def test_a_stage_that_cannot_stand_in_a_name_is_refused(checkout: Path) -> None:
    with pytest.raises(InvalidSettings, match="PALYRA_STAGE"):
        check(checkout, {"PALYRA_STAGE": "Prod"})


@pytest.mark.parametrize("gone", ["palyra.toml", "chalicelib/palyra.toml"])
def test_a_file_that_would_not_ship_is_refused(checkout: Path, gone: str) -> None:
    (checkout / gone).unlink()
    with pytest.raises(InvalidSettings, match="no link to"):
        check(checkout, {})


def test_writing_renews_the_reference_and_keeps_what_is_set(checkout: Path) -> None:
    file = checkout / "palyra.toml"
    file.write_text("[cron]\ntimezone = 'Europe/Berlin' # ours\n[tasks]\nlease_seconds = 0x0A\n")
    (checkout / "docs" / "settings.md").write_text("old")
    assert command.main(["write"]) == 0
    assert file.read_text() == reference.toml(
        {"cron.timezone": "Europe/Berlin", "tasks.lease_seconds": 10}
    )
    assert '\ntimezone = "Europe/Berlin"\n' in file.read_text()
    assert Settings.load({}, file).lease_seconds == 10
    assert (checkout / "docs" / "settings.md").read_text() == PAGE.read_text()


def test_writing_overwrites_no_file_that_it_does_not_understand(checkout: Path) -> None:
    file = checkout / "palyra.toml"
    file.write_text("[tasks]\nmax_hops = 0")
    assert command.main(["write"]) == 1
    assert file.read_text() == "[tasks]\nmax_hops = 0"


def test_the_command_runs_as_a_module() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PALYRA_")}
    done = subprocess.run(
        [sys.executable, "-m", "infra.settings", "check", "--stage", "prod"],
        cwd=CHECKOUT,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("checkout")
def test_nothing_is_deployed_with_bad_settings(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALYRA_SCHEDULER_SHARDS", "0")
    monkeypatch.setenv("PALYRA_OTHER", "0")
    with pytest.raises(LocalCloudError) as caught:
        deploy.deploy(place)
    assert str(caught.value).splitlines()[1:] == [
        "PALYRA_SCHEDULER_SHARDS is '0': use a whole number from 1 to 64",
        "PALYRA_OTHER is no setting: unset it; docs/settings.md lists what there is",
    ]
    assert not place.deploy.exists()


def test_chalice_packs_what_the_link_leads_to(checkout: Path) -> None:
    (checkout / "app.py").write_text("")
    (checkout / "palyra.toml").write_text("[tasks]\nmax_hops = 7\n")
    tools = OSUtils()
    packager = AppOnlyDeploymentPackager(tools, DependencyBuilder(tools), UI(StringIO()))
    packed = packager.create_deployment_package(str(checkout), "python3.12")
    with ZipFile(packed) as zipped:
        member = zipped.getinfo("chalicelib/palyra.toml")
        assert stat.S_ISREG(member.external_attr >> 16)
        assert zipped.read(member) == b"[tasks]\nmax_hops = 7\n"
