from dataclasses import replace

import pytest

from chalicelib.incidents import kinds
from chalicelib.incidents.incident import Sighting
from chalicelib.incidents.store import IncidentStore
from tests.console.site import Site
from tests.console.test_escaping import HOSTILE
from tests.support.world import MINUTE

SEEN = Sighting(
    owner="main",
    kind=kinds.DEAD_LETTER,
    dedupe_key="k",
    occurrence="once",
    summary="no worker could take a task",
    detail="its lane's log says why",
    evidence={"lane": "high"},
    subject="T-1",
)


def raised(site: Site, **fields: str) -> str:
    sighting = replace(SEEN, **fields)  # type: ignore[arg-type]
    return IncidentStore().raise_(sighting, site.world.clock.now()).id


def test_without_incidents_nothing_is_wrong(site: Site) -> None:
    assert "Nothing is wrong" in site.get("/incidents").text
    assert "never an incident" in site.get("/incidents?state=all").text


def test_what_is_wrong_is_listed_and_leads_to_its_page(site: Site) -> None:
    id_ = raised(site)
    page = site.get("/incidents")
    assert "no worker could take a task" in page.text
    assert f"./incidents/{id_}" in page.links()


def test_what_is_resolved_is_shown_where_all_is(site: Site) -> None:
    IncidentStore().resolve("main", raised(site), "mended", site.world.clock.now())
    assert "Nothing is wrong" in site.get("/incidents").text
    assert "Resolved" in site.get("/incidents?state=all").text


def test_one_says_what_it_means_and_what_was_seen(site: Site) -> None:
    text = site.get(f"/incidents/{raised(site)}").text
    assert kinds.DEAD_LETTER.meaning in text
    assert kinds.DEAD_LETTER.operator in text
    assert "its lane's log says why" in text
    assert "opened" in text


def test_older_ones_are_behind_a_link(site: Site) -> None:
    for number in range(3):
        raised(site, dedupe_key=str(number), summary=f"fault {number}")
        site.world.clock.move(MINUTE)
    page = site.get("/incidents?limit=2")
    (older,) = [link for link in page.links() if "cursor=" in link]
    assert "fault 0" not in page.text
    assert "fault 0" in site.get(f"/{older.removeprefix('./')}").text


@pytest.mark.parametrize("name", ["nonsense", "incident_0123456789abcdef"])
def test_what_there_is_not_is_a_page_that_says_so(site: Site, name: str) -> None:
    assert site.get(f"/incidents/{name}").status == 404


def test_nothing_that_was_written_is_markup(site: Site) -> None:
    id_ = raised(site, summary=HOSTILE, detail=HOSTILE, subject=HOSTILE)
    for path in ("/incidents", f"/incidents/{id_}"):
        assert "<script>alert" not in site.get(path).html
