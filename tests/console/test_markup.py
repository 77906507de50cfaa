"""What holds for every page and file of the console."""

import re
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

from chalicelib.console import rendering
from chalicelib.console.assets import asset
from tests.console.site import ROOT, Site

TEMPLATES = sorted((ROOT / "chalicelib/console/templates").glob("*.html"))
SCRIPT = """
from app import app; import sys
print(sorted(app.routes)[0], *({"jinja2", "segno"} & set(sys.modules)))
"""


def test_links_are_relative_so_that_a_prefix_of_the_gateway_stays(site: Site) -> None:
    job = site.world.job()
    run = site.run(job)
    for path, root in (("/", "./"), (f"/jobs/{job.id}", "../"), (f"/runs/{run}", "../")):
        links = site.get(path).links()
        assert len(links) >= 4
        assert all(link.startswith(root) for link in links)


def test_every_link_of_the_first_page_leads_somewhere(site: Site) -> None:
    site.run(site.world.job())
    for link in site.get("/").links():
        assert site.get(f"/{link.removeprefix('./')}").status == 200


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda it: it.stem)
def test_no_template_switches_escaping_off_or_needs_what_the_policy_forbids(
    template: Path,
) -> None:
    text = template.read_text()
    assert not re.search(r"\|\s*safe|autoescape|Markup", text)
    assert not re.search(r"<style|<script(?! src=)|\son\w+=|\sstyle=|https?:", text)


@pytest.mark.parametrize("name", ["console.css", "console.js"])
def test_no_file_refers_to_another_host(name: str) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", asset(name).text)


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-(\w+)"', _template("sprite")))
    named = set(re.findall(r'icon\("(\w+)"\)', "".join(each.read_text() for each in TEMPLATES)))
    assert named
    assert named <= drawn


def test_a_name_that_a_template_misspells_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="error"):
        rendering.render("error", "./", stage="local")


def test_the_api_starts_without_loading_what_only_pages_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["/"]


def _template(name: str) -> str:
    (found,) = [each for each in TEMPLATES if each.stem == name]
    return found.read_text()
