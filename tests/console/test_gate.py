from chalicelib.background.gate.service import GateService
from chalicelib.functions.wiring import api
from chalicelib.functions.wiring.container import container
from tests.console.site import Site


def gates() -> GateService:
    """What closes the gate, of the console's own container."""
    return api.gate(container())


def test_every_page_says_that_everything_is_paused(site: Site) -> None:
    job = site.world.job()
    run = site.run(job)
    gates().close("main", "token:phone")

    for path in ("/", f"/jobs/{job.id}", f"/runs/{run}", "/journal", "/policies"):
        text = site.get(path).text
        assert "No work begins: all work of this owner is paused, 22 Nov 2026" in text
        assert "by token:phone" in text
        assert "palyra resume --all" in text


def test_an_open_gate_has_no_banner(site: Site) -> None:
    assert 'id="gate"' not in site.get("/").html
    gates().close("main", "token:phone")
    gates().open("main", "token:phone")
    assert 'id="gate"' not in site.get("/").html


def test_what_everybody_waits_for_is_opened_for_everybody(site: Site) -> None:
    gates().close("main", "token:phone", everything=True)
    text = site.get("/").text
    assert "all work of everybody is paused" in text
    assert "palyra resume --all --everybody" in text


def test_another_owners_gate_is_nothing_to_this_one(site: Site) -> None:
    gates().close("other", "token:phone")
    assert 'id="gate"' not in site.get("/").html


def test_whoever_closed_it_cannot_become_markup(site: Site) -> None:
    gates().close("main", "<script>alert(1)</script>")
    assert "<script>alert" not in site.get("/").html


def test_a_page_about_what_is_not_there_needs_no_gate(site: Site) -> None:
    gates().close("main", "token:phone")
    page = site.get("/jobs/01M81J18G068RKEJVNQ9RFVHWP")
    assert page.status == 404
    assert 'id="gate"' not in page.html
