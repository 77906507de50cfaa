from datetime import timedelta

import pytest

from chalicelib.functions.wiring import policies as wiring
from chalicelib.functions.wiring.container import container
from chalicelib.policy.service import PolicyService
from tests.console.site import Site

STOP = '@id("stop") forbid (principal, action == Action::"dispatch", resource);'
NO_DELETE = '@id("no-delete") forbid (principal, action == Action::"delete_job", resource);'
HOSTILE = "<script>alert('x')</script>"


def service() -> PolicyService:
    """What operators do with policies, of the console's own container."""
    return wiring.policies(container())


def kept(text: str = STOP, note: str = "") -> int:
    return service().create("main", "token:laptop", text, note).version.version


def activated(text: str = STOP, note: str = "") -> int:
    version = kept(text, note)
    service().activate("main", "token:phone", version)
    return version


def denied(site: Site, minutes: float) -> str:
    """Let a slot of a new job be denied; return the job's id."""
    job = site.world.job(name="Health report")
    activated()
    site.world.at(minutes)
    site.world.services.handle(site.world.ref(job, minutes))
    return job.id


def test_without_versions_the_defaults_decide_and_are_shown(site: Site) -> None:
    page = site.get("/policies")

    assert page.status == 200
    assert "Active The defaults alone Activated Never Policy set" in page.text
    assert "default-dispatch-read-only" in page.text
    assert "No versions yet" in page.text
    assert "palyra policies create policies.cedar" in page.text
    assert "rollback" not in page.text


def test_the_active_version_is_shown_with_its_text_and_who_activated_it(site: Site) -> None:
    activated(note="an outage")

    text = site.get("/policies").text

    assert "Active Version 1, over the defaults" in text
    assert "Activated 22 Nov 2026, 12:00:00 UTC by token:phone" in text
    assert f"Version 1: an outage {STOP}" in text


def test_versions_say_who_wrote_them_when_and_how_to_activate_each(site: Site) -> None:
    activated(note="an outage")
    site.world.clock.move(timedelta(minutes=1))
    kept(NO_DELETE)

    page = site.get("/policies")

    assert page.row("Version 1 an outage").endswith("12:00:00 UTC Active")
    assert page.row("Version 2").endswith(
        "token:laptop 22 Nov 2026, 12:01:00 UTC palyra policies activate 2 --if-number 1"
    )


def test_an_activation_can_be_taken_back_only_as_it_was_seen(site: Site) -> None:
    activated()
    activated(NO_DELETE)
    text = site.get("/policies").text
    assert "To go back to version 1 palyra policies rollback --if-number 2" in text


def test_nothing_on_the_page_writes(site: Site) -> None:
    activated()
    html = site.get("/policies").html
    assert 'method="post"' not in html.lower()
    assert html.count("<form") == 1


def test_what_was_denied_comes_first_with_its_code_and_policy(site: Site) -> None:
    allowed = site.world.job(name="Inbox")
    run = site.run(allowed)
    job = denied(site, 2)

    page = site.get("/policies")

    row = page.row("Denied")
    assert row.startswith(f"Denied policy.forbidden a policy forbids it stop {job}")
    assert page.row("Allowed").startswith("Allowed policy.allow a policy permits it")
    assert page.text.index("policy.forbidden") < page.text.index("policy.allow")
    assert {f"./jobs/{job}", f"./runs/{run}"} <= set(page.links())


def test_a_dry_run_says_what_a_version_would_change(site: Site) -> None:
    site.run(site.world.job())
    version = kept()

    page = site.get(f"/policies?try={version}")

    assert "With version 1, 1 of 2 decisions of the last 30 days would differ." in page.text
    assert page.row("dispatch").endswith("allowed policy.allow refused policy.forbidden")
    assert "To activate it: palyra policies activate 1 --if-number 0" in page.text
    assert service().active("main").version == 0


def test_a_dry_run_says_what_roles_could_do_no_more(site: Site) -> None:
    page = site.get(f"/policies?try={kept(NO_DELETE)}")

    assert "would differ, and 3 answers to requests of the API." in page.text
    for role in ("operator", "admin"):
        row = page.row(f"delete_job role {role}")
        assert row.endswith("allowed policy.allow refused policy.forbidden")


def test_a_dry_run_of_the_defaults_is_one_of_version_0(site: Site) -> None:
    activated()
    assert "With version 0, 0 of 0 decisions" in site.get("/policies?try=0").text


@pytest.mark.parametrize(
    ("tried", "status", "told"),
    [("x", 422, "is no version"), ("-1", 422, "is no version"), ("7", 404, "no version 7")],
)
def test_what_is_no_version_is_told_on_a_page(
    site: Site, tried: str, status: int, told: str
) -> None:
    page = site.get(f"/policies?try={tried}")
    assert page.status == status
    assert told in page.text


def test_an_empty_field_tries_nothing(site: Site) -> None:
    page = site.get("/policies?try=")
    assert page.status == 200
    assert "would differ" not in page.text


def test_policies_that_cannot_decide_say_so_and_how_to_mend_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    activated()
    monkeypatch.setattr("chalicelib.policy.authority.digest", lambda _text: "another")

    page = site.get("/policies")

    assert page.status == 200
    assert "Everything is refused: the active version is not what was stored" in page.text
    assert "palyra policies activate 0 --if-number 1" in page.text


def test_more_versions_than_a_page_holds_are_behind_a_link(site: Site) -> None:
    for _ in range(3):
        kept()
    page = site.get("/policies?limit=2")
    assert "Version 3" in page.text
    assert "Version 1 " not in page.text
    (older,) = [link for link in page.links() if "cursor=" in link]
    following = site.get(f"/{older.removeprefix('./')}")
    assert "Version 1 " in following.text
    assert "./policies" in following.links()


def test_a_note_and_a_text_cannot_become_markup(site: Site) -> None:
    activated(f"// {HOSTILE}\n{STOP}", note=HOSTILE)
    assert HOSTILE not in site.get("/policies").html


def test_another_owners_policies_are_not_shown(site: Site) -> None:
    version = service().create("other", "token:laptop", STOP, "theirs").version.version
    service().activate("other", "token:laptop", version)
    text = site.get("/policies").text
    assert "theirs" not in text
    assert "The defaults alone" in text


def test_it_is_in_the_navigation_of_every_page(site: Site) -> None:
    job = site.world.job()
    for path, root in (("/", "./"), (f"/jobs/{job.id}", "../"), ("/journal", "./")):
        assert f"{root}policies" in site.get(path).links()
