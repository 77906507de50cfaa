from tests.console.site import Site
from tests.functions.http.api import Api
from tests.permissions.approvals import a_caller, asked


def decided(caller: Api, approval: str, decision: str) -> None:
    path = f"/v1/approvals/{approval}/decision"
    assert caller.post(path, {"decision": decision}).status == 200


def test_what_is_to_be_decided_comes_first_with_the_command_that_does(site: Site) -> None:
    caller = a_caller(site.world)
    denied, _ = asked(site.world, caller)
    decided(caller, denied, "deny")
    pending, ref = asked(site.world, caller)

    page = site.get("/approvals")

    assert f"palyra approvals approve {pending}" in page.text
    assert f"palyra approvals approve {denied}" not in page.text
    assert page.text.index("Pending") < page.text.index("Denied")
    assert "token:laptop" in page.text
    assert any(link.endswith(f"runs/{ref.run_id}") for link in page.links())


def test_a_page_without_approvals_says_what_would_be_here(site: Site) -> None:
    assert "Nothing waits for an approval" in site.get("/approvals").text


def test_the_page_is_reached_from_any_other(site: Site) -> None:
    assert any(link.endswith("approvals") for link in site.get("/").links())
