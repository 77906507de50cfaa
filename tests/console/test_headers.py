import pytest

from chalicelib.console.assets import asset
from tests.console.site import Site

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NO_JOB = "/jobs/01M81J18G068RKEJVNQ9RFVHWP"


@pytest.mark.parametrize("path", ["/", NO_JOB, "/static/console.js"])
def test_every_answer_is_guarded(path: str, site: Site) -> None:
    headers = site.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_a_page_that_somebody_has_is_not_sent_again(site: Site) -> None:
    first = site.get("/")
    again = site.get("/", if_none_match=first.headers["ETag"])
    assert (again.status, again.html) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_page_that_has_changed_is_sent_again(site: Site) -> None:
    tag = site.get("/").headers["ETag"]
    site.world.job()
    assert site.get("/", if_none_match=tag).status == 200


def test_a_page_is_asked_for_again_each_time(site: Site) -> None:
    assert site.get("/").headers["Cache-Control"] == "no-cache"


def test_an_error_is_not_kept(site: Site) -> None:
    headers = site.get(NO_JOB).headers
    assert headers["Cache-Control"] == "no-store"
    assert "ETag" not in headers


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("console.css", "text/css; charset=utf-8"),
        ("console.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_a_file_of_an_exact_version_is_kept_for_ever(
    name: str, media_type: str, site: Site
) -> None:
    reply = site.get(f"/static/{name}?v={asset(name).version}")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == media_type
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.html == asset(name).text


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab"])
def test_a_file_of_another_version_is_not_kept_in_its_place(query: str, site: Site) -> None:
    assert site.get(f"/static/console.css{query}").headers["Cache-Control"] == "no-cache"


def test_a_file_that_somebody_has_is_not_sent_again(site: Site) -> None:
    tag = site.get("/static/console.css").headers["ETag"]
    assert site.get("/static/console.css", if_none_match=tag).status == 304


@pytest.mark.parametrize("name", ["none.css", "..%2Fassets.py", "%2e%2e"])
def test_an_unknown_file_is_a_problem(name: str, site: Site) -> None:
    reply = site.get(f"/static/{name}")
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "application/problem+json"
